//! Signs of bots, and the same words where they mean something else.

use super::*;

#[test]
fn words_of_bots_count_except_on_phones() {
    for text in [
        "MyCrawler/1.0",
        "foo-bot/2",
        "Mozilla/5.0 (compatible; Whatever/1.0; +http://example.com)",
        "SiteChecker",
        "Foo/1.0",
    ] {
        assert!(
            looks_like_a_bot(&hide_other_meanings(text), false, false),
            "{text}"
        );
    }

    for text in [
        "Mozilla/5.0 (Linux; Android 10; CUBOT X30) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/112.0.0.0 Mobile Safari/537.36",
        "Nokia6230/2.0",
        "MyApp/3 CFNetwork/1408.0.4 Darwin/22.5.0",
    ] {
        assert!(
            !looks_like_a_bot(&hide_other_meanings(text), false, false),
            "{text}"
        );
    }
}

#[test]
fn recognizes_unlisted_bots() {
    for text in [
        "MyCrawler/1.0",
        "somebot",
        "Mozilla/5.0 (compatible; Thing/1.0)",
        "Mozilla/5.0",
        "MyFetcher/1.0",
        "foo 2.1",
        "Mozilla/5.0 (X11; Linux x86_64) HeadlessThing/1",
        "x (+https://example.test)",
        "python-something",
    ] {
        assert!(
            looks_like_a_bot(&hide_other_meanings(text), false, false),
            "{text}"
        );
    }
    for text in [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140 Safari/537.36",
        "Mozilla/5.0 (Linux; Android 10; CUBOT NOTE 20) AppleWebKit/537.36 Mobile",
        "Nokia6230/2.0",
        "Opera/9.80",
        "MyApp/1.0 (iPhone; iOS 17)",
    ] {
        assert!(
            !looks_like_a_bot(&hide_other_meanings(text), true, false),
            "{text}"
        );
    }
}

#[test]
fn a_model_with_a_word_of_bots_is_hidden() {
    for (text, expected) in [
        (
            "Mozilla/5.0 (Linux; Android 9; B BOT 550) AppleWebKit/537.36",
            "Mozilla/5.0 (Linux; Android 9;  ) AppleWebKit/537.36",
        ),
        (
            "Dalvik/2.1.0 (Linux; U; Android 6.0; de-de; IDbot553 Build/MRA58K)",
            "Dalvik/2.1.0 (Linux; U; Android 6.0; de-de;   Build/MRA58K)",
        ),
        (
            "Mozilla/5.0 (Mobile; F1 Bot; rv:48.0) Gecko/48.0",
            "Mozilla/5.0 (Mobile;  ; rv:48.0) Gecko/48.0",
        ),
    ] {
        assert_eq!(hide_other_meanings(text), expected);
    }
}

#[test]
fn a_bot_in_the_place_of_the_model_is_not_hidden() {
    for text in [
        "Mozilla/5.0 (Linux; Android 4.0; Googlebot)",
        "Mozilla/5.0 (Linux; Android 7.0; SomeBot/1.0; +http://bot.test)",
        "Mozilla/5.0 (Linux; Android 7.0;) Mobile Safari/537.36 (compatible; AspiegelBot)",
    ] {
        assert!(
            looks_like_a_bot(&hide_other_meanings(text), false, false),
            "{text}"
        );
    }
}

#[test]
fn toolbars_and_extensions_are_no_bots() {
    for text in [
        "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; EmbeddedToolbar 1.0 http://toolbar.example/)",
        "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; Alexa Toolbar; .NET CLR 1.1.4322)",
        "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1; http://www.extension.test)",
        "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; Google-TR-1)",
    ] {
        assert!(
            !looks_like_a_bot(&hide_other_meanings(text), true, false),
            "{text}"
        );
    }
    assert!(looks_like_a_bot(
        "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; +http://www.test)",
        true,
        false
    ));
}

#[test]
fn languages_are_recognized_by_their_bare_name() {
    for (text, expected) in [
        ("Ruby", true),
        ("PHP/8.3.1", true),
        ("python3", true),
        ("Go 1.22", true),
        ("Rubyist", false),
        ("Java (phone)", false),
        ("", false),
    ] {
        assert_eq!(is_language(text), expected, "{text}");
    }
}
