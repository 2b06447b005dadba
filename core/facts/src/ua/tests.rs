//! Current clients, and hostile texts.

use cpu_time::ThreadTime;

use super::*;

mod public_sets;

/// The result as `category bot | client version | os version | brand model`, with `-` for missing fields.
fn of(text: &str) -> String {
    let facts = read(text);
    let show = |field: &Option<String>| field.clone().unwrap_or_else(|| "-".to_owned());
    let category = serde_json::to_value(facts.category).expect("JSON");
    format!(
        "{} {} | {} {} | {} {} | {} {}",
        category.as_str().unwrap_or_default(),
        if facts.bot { "bot" } else { "person" },
        show(&facts.client.name),
        show(&facts.client.version),
        show(&facts.os.name),
        show(&facts.os.version),
        show(&facts.device.brand),
        show(&facts.device.model),
    )
}

#[test]
fn parses_current_clients() {
    for (text, expected) in ROWS {
        assert_eq!(of(text), *expected, "{text}");
    }
}

#[test]
fn finds_the_vendor_of_a_client() {
    for (text, vendor) in [
        ("GPTBot/1.0", "OpenAI"),
        ("curl/8", "curl"),
        (ROWS[0].0, "Google"),
        (ROWS[3].0, "Apple"),
    ] {
        assert_eq!(read(text).client.vendor.as_deref(), Some(vendor), "{text}");
    }
}

#[test]
fn texts_without_information_have_no_facts() {
    for text in ["", " ", "\0\u{7f}", "x"] {
        let facts = read(text);
        assert_eq!(
            (facts.os, facts.device),
            (System::default(), Device::default()),
            "{text:?}"
        );
    }
    assert_eq!(read("").category, Category::Unknown);
    assert!(!read("").bot);
}

#[test]
fn parses_any_text_in_bounded_time() {
    let shapes = [
        "Mozilla/5.0 (Linux; Android ",
        "a/1 ",
        "(((((",
        "é",
        "; ",
        "Chrome/1.",
        "bot",
        "\u{202e}",
        " Build",
        "AAAA",
    ];

    read("warm");
    for shape in shapes {
        let text = shape.repeat(64 * 1024 / shape.len());
        let started = ThreadTime::now();
        let facts = read(&text);

        // Tens of microseconds in release; the limit is for slow unoptimized builds.
        assert!(
            started.elapsed().as_millis() < 500,
            "{shape:?} took {:?}",
            started.elapsed()
        );

        assert!(facts.user_agent.len() <= MAX_READ);
        let fields = [
            facts.client.name,
            facts.client.version,
            facts.os.name,
            facts.device.brand,
            facts.device.model,
        ];

        assert!(
            fields
                .iter()
                .flatten()
                .all(|field| field.len() <= FIELD_MAX)
        );
    }
}

#[rustfmt::skip]
const ROWS: &[(&str, &str)] = &[
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
     "pc person | Chrome 140.0.0.0 | Windows 10 | - -"),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
     "pc person | Edge 140.0.0.0 | Windows 10 | - -"),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0",
     "pc person | Firefox 143.0 | Windows 10 | - -"),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
     "pc person | Safari 18.5 | Mac OS X 10.15.7 | Apple Mac"),
    ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 OPR/124.0.0.0",
     "pc person | Opera 124.0.0 | Linux - | - -"),
    ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
     "pc person | Chrome 140.0.0.0 | Chrome OS 14541.0.0 | - -"),
    ("Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
     "pc person | IE 11.0 | Windows 7 | - -"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
     "smartphone person | Mobile Safari 18.5 | iOS 18.5 | Apple iPhone"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0.7339.101 Mobile/15E148 Safari/604.1",
     "smartphone person | Chrome Mobile iOS 140.0.7339.101 | iOS 18.5 | Apple iPhone"),
    ("Mozilla/5.0 (iPad; CPU OS 17_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.7 Mobile/15E148 Safari/604.1",
     "tablet person | Mobile Safari 17.7 | iOS 17.7 | Apple iPad"),
    ("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
     "smartphone person | Chrome Mobile 140.0.0.0 | Android 10 | - -"),
    ("Mozilla/5.0 (Linux; Android 14; SM-S928B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36",
     "smartphone person | Samsung Internet 27.0 | Android 14 | Samsung SM-S928B"),
    ("Mozilla/5.0 (Linux; Android 14; 2312DRA50G Build/UP1A.230905.011) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/118.0.0.0 Mobile Safari/537.36 XiaoMi/MiuiBrowser/14.20.1-gn",
     "smartphone person | MiuiBrowser 14.20.1 | Android 14 | Xiaomi 2312DRA50G"),
    ("Mozilla/5.0 (Android 14; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0",
     "smartphone person | Firefox Mobile 143.0 | Android 14 | - -"),
    ("Mozilla/5.0 (Linux; Android 13; SM-X710) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36",
     "tablet person | Chrome 139.0.0.0 | Android 13 | Samsung SM-X710"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/468.0.0.32.106;FBBV/606930842;FBDV/iPhone14,5;FBMD/iPhone;FBSN/iOS;FBSV/17.5.1;FBSS/3;FBCR/;FBID/phone;FBLC/en_US;FBOP/80]",
     "smartphone person | Facebook 468.0.0 | iOS 17.5.1 | Apple iPhone14,5"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21F79 Instagram 337.0.3.24.90 (iPhone14,3; iOS 17_5; en_US; en; scale=3.00; 1284x2778; 614064327)",
     "smartphone person | Instagram 337.0.3 | iOS 17.5 | Apple iPhone14,3"),
    ("Mozilla/5.0 (Linux; Android 13; SM-A536B Build/TP1A.220624.014; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0.6478.71 Mobile Safari/537.36 musical_ly_2023405030 JsSdk/1.0 NetType/WIFI Channel/googleplay AppName/musical_ly app_version/34.5.3 ByteLocale/en ByteFullLocale/en Region/GB BytedanceWebview/d8a21c6",
     "smartphone person | TikTok 34.5.3 | Android 13 | Samsung SM-A536B"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_4_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.49(0x1800312c) NetType/WIFI Language/zh_CN",
     "smartphone person | WeChat Browser 8.0.49 | iOS 17.4.1 | Apple iPhone"),
    ("Mozilla/5.0 (Linux; Android 13; SO-51C Build/64.1.B.0.120; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/125.0.6422.165 Mobile Safari/537.36 Line/14.9.0/IAB",
     "smartphone person | LINE 14.9.0 | Android 13 | SonyEricsson SO-51C"),
    ("curl/8.5.0",
     "misc bot | curl 8.5.0 | - - | - -"),
    ("Wget/1.21.4",
     "misc bot | Wget 1.21.4 | - - | - -"),
    ("python-requests/2.32.3",
     "misc bot | Python Requests 2.32.3 | - - | - -"),
    ("okhttp/4.12.0",
     "misc bot | okhttp 4.12.0 | - - | - -"),
    ("Go-http-client/2.0",
     "misc bot | Go-http-client 2.0 | - - | - -"),
    ("axios/1.7.2",
     "misc bot | axios 1.7.2 | - - | - -"),
    ("PostmanRuntime/7.39.0",
     "misc bot | PostmanRuntime 7.39.0 | - - | - -"),
    ("Java/17.0.11",
     "misc bot | Java 17.0.11 | - - | - -"),
    ("Apache-HttpClient/4.5.14 (Java/17.0.11)",
     "misc bot | Apache-HttpClient 4.5.14 | - - | - -"),
    ("libwww-perl/6.77",
     "misc bot | libwww-perl 6.77 | - - | - -"),
    ("HTTPie/3.2.2",
     "misc bot | HTTPie 3.2.2 | - - | - -"),
    ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
     "crawler bot | GPTBot 1.2 | - - | - -"),
    ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; OAI-SearchBot/1.0; +https://openai.com/searchbot)",
     "crawler bot | OAI-SearchBot 1.0 | - - | - -"),
    ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; +https://openai.com/bot",
     "crawler bot | ChatGPT-User 1.0 | - - | - -"),
    ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
     "crawler bot | ClaudeBot 1.0 | - - | - -"),
    ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Claude-User/1.0; +Claude-User@anthropic.com)",
     "crawler bot | Claude-User 1.0 | - - | - -"),
    ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)",
     "crawler bot | PerplexityBot 1.0 | - - | - -"),
    ("Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.6422.175 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
     "crawler bot | Googlebot 2.1 | Android 6.0.1 | - -"),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1.1 Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)",
     "crawler bot | Applebot 0.1 | Mac OS X 10.15.5 | - -"),
    ("Mozilla/5.0 (Linux; Android 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36 (compatible; Bytespider; spider-feedback@bytedance.com)",
     "crawler bot | Bytespider - | Android 5.0 | - -"),
    ("CCBot/2.0 (https://commoncrawl.org/faq/)",
     "crawler bot | CCBot 2.0 | - - | - -"),
    ("meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)",
     "crawler bot | meta-externalagent 1.1 | - - | - -"),
    ("Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
     "crawler bot | Discordbot 2.0 | - - | - -"),
    ("TelegramBot (like TwitterBot)",
     "crawler bot | TelegramBot - | - - | - -"),
    ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
     "crawler bot | Slackbot-LinkExpanding 1.0 | - - | - -"),
    ("WhatsApp/2.23.20.0",
     "crawler bot | WhatsApp 2.23.20.0 | - - | - -"),
    ("Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
     "crawler bot | UptimeRobot 2.0 | - - | - -"),
    ("Mozilla/5.0 (SMART-TV; LINUX; Tizen 7.0) AppleWebKit/537.36 (KHTML, like Gecko) 94.0.4606.31/7.0 TV Safari/537.36",
     "appliance person | Safari - | Tizen 7.0 | Samsung SMART-TV"),
    ("Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/94.0.4606.128 Safari/537.36 WebAppManager",
     "appliance person | Chrome 94.0.4606.128 | Web0S - | LG Web0S SmartTV"),
    ("Mozilla/5.0 (PlayStation; PlayStation 5/8.20) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.4 Safari/605.1.15",
     "appliance person | Safari 15.4 | - - | Sony PlayStation 5"),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox Series X) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/123.0.0.0 Safari/537.36 Edge/44.18363.8131",
     "appliance person | Edge 44.18363.8131 | Windows 10 | Microsoft -"),
    ("Mozilla/5.0 (Nintendo Switch; WifiWebAuthApplet) AppleWebKit/609.4 (KHTML, like Gecko) NF/6.0.2.21.3 NintendoBrowser/5.1.0.22474",
     "appliance person | NintendoBrowser 5.1.0.22474 | - - | Nintendo Switch"),
    ("Mozilla/5.0 (X11; U; Linux armv7l like Android; en-us) AppleWebKit/531.2+ (KHTML, like Gecko) Version/5.0 Safari/533.2+ Kindle/3.0+",
     "appliance person | Kindle 3.0 | Kindle 3.0 | Amazon Kindle 3.0"),
    ("Mozilla/5.0 (Linux; Android 9; AFTWMST22 Build/PS7633; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/108.0.0.0 Mobile Safari/537.36",
     "appliance person | Chrome Mobile WebView 108.0.0.0 | Android 9 | Amazon AFTWMST22"),
    ("Roku/DVP-12.5 (12.5.5.4174-88)",
     "appliance person | Roku 12.5 | Roku 12.5 | Roku Roku"),
    ("Mozilla/5.0 (Mobile; Nokia 8110 4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5",
     "mobilephone person | Firefox Mobile 48.0 | KaiOS 2.5 | Nokia 8110"),
    ("Nokia6230/2.0 (04.44) Profile/MIDP-2.0 Configuration/CLDC-1.1",
     "mobilephone person | Nokia Services (WAP) Browser - | - - | Nokia 6230"),
    ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/125.0.6422.60 Safari/537.36",
     "crawler bot | HeadlessChrome 125.0.6422.60 | Linux - | - -"),
    ("DuckAssistBot/1.2; (+http://duckduckgo.com/duckassistbot.html)",
     "crawler bot | DuckAssistBot 1.2 | - - | - -"),
    ("Mozilla/5.0 (Linux; Android 12; HarmonyOS; NOH-AN00; HMSCore 6.13.0.302) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.5735.196 HuaweiBrowser/15.0.4.312 Mobile Safari/537.36",
     "smartphone person | Huawei Browser 15.0.4 | Android 12 | Huawei HarmonyOS"),
    ("Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1 Mobile",
     "smartphone person | Chrome 114.0.0.0 | OpenHarmony - | - -"),
];
