//! Recognizes answers of servers that refuse a query because of a rate limit.

use super::{super::lines::bounded, MAX_LINES, answer_lines, bare};

/// Starts of lines that mean a rate limit, without comment marks, in lower case.
#[rustfmt::skip]
const STARTS: &[&str] = &[
    "whois limit exceeded", "whois-limit exceeded", "query rate limit exceeded", "rate limit exceeded", "quota exceeded", "limit exceeded", "lookup quota exceeded",
    "you have exceeded", "you've exceeded", "your connection limit exceeded", "query limit exceeded", "too many requests", "too many queries",
    "too many connections", "too many connection", "too many lookups", "too many whois", "the number of requests per client", "you have been banned", "you have been blocked",
    "you have been blacklisted", "you have been temporarily", "your query rate", "maximum query rate", "maximum number of queries", "maximum queries", "max queries", "maximum daily connection limit",
    "error:201: access denied", "error:201", "you exceeded", "you may only query", "you can only query", "your ip has been", "your ip is", "your ip address has been",
    "your ip address is", "your host has been", "your access is too fast", "your access has been", "you are querying too fast", "you are not allowed to query",
    "the whois query quota", "query quota", "request limit exceeded", "requests limit exceeded", "number of allowed queries exceeded",
    "number of queries exceeded", "daily query limit", "daily whois-limit", "daily whois limit", "daily limit", "connection limit exceeded", "exceeded max", "you have reached",
    "connection refused; access control limit", "access control limit", "temporarily blocked", "ip address temporarily blocked",
    "ip address blocked", "ip blocked", "queried interval is too short", "server is busy now", "server busy", "limit reached", "query limit reached",
    "-1: query limit", "-3: ip address blocked", "55000000002", "55000000001", "requests limit", "excessive querying, grace period",
    "still in grace period", "excessive querying from", "your request is being rate limited", "your requests are being rate limited", "your request has been rate limited",
    "exceeded the maximum allowable", "wait a while and try again", "error: -1: connection limit", "access restricted",
    "the whois query limit", "permission denied: ", "excess queries", "blacklisted", "throttled", "rate limited", "rate limit reached",
    "rate-limit", "ratelimit", "429 ", "[429]", "440 request denied", "query_status: 440", "request denied", "slow down", "sorry, too many", "sorry, access from your host",
    "sorry, your ip", "maximum number of requests", "maximum requests", "you are sending too many", "you send too many",
    "the ip address used to perform the query is not authorised", "requests from your ip", "queries from your ip", "connections from your ip",
    "denied access: too many", "query rate exceeded", "query rate of", "excessive queries from", "you have made too many", "you made too many",
    "превышен", "слишком много запросов", "слишком часто", "перевищено", "занадто багато запитів", "limite de requêtes",
    "limite de requetes", "trop de requêtes", "trop de requetes", "trop de connexions", "demasiadas consultas", "demasiadas solicitudes",
    "ha superado", "ha excedido", "excedió", "límite de consultas", "limite de consultas", "muitas consultas", "excesso de consultas",
    "zu viele anfragen", "zu viele abfragen", "anfragelimit", "abfragelimit", "troppe richieste", "te veel verzoeken", "te veel aanvragen", "te veel queries",
    "zbyt wiele zapytań", "zbyt wiele zapytan", "przekroczono limit", "przekroczony limit", "příliš mnoho", "prilis mnoho", "prea multe", "túl sok", "tul sok",
    "çok fazla sorgu", "çok fazla istek", "sorgu limit", "för många", "for mange foresp", "liian monta", "terlalu banyak", "previše upita", "previse upita",
    "查询过于频繁", "请求过于频繁", "查询频率", "访问过于频繁", "超过查询", "您的查询", "アクセス制限", "検索回数", "접속이 제한", "조회 횟수", "조회가 제한", "quá nhiều",
];
/// Ends of lines that mean a rate limit.
#[rustfmt::skip]
const ENDS: &[&str] = &[
    " limit exceeded", " quota exceeded", " has been exceeded", " exceeded this limit", " query limit reached", " too many requests",
    " is rate limited", " exceeded", " been blacklisted", " been temporarily blocked", " been rate limited", " been rate-limited",
    " too many queries", " request denied", " been throttled", " exceeded your quota", " per hour reached", " per day reached",
    " per minute reached", " per second reached", " been temporarily banned", " queries exceeded", " limit has been reached",
    " too many connections", " exceeded the limit", " limit is exceeded", " quota is exceeded", " limit was exceeded",
];
/// Words for the user or for queries; with one of [`TROUBLE`] they mean a rate limit in a short text.
#[rustfmt::skip]
const SUBJECT: &[&str] = &[
    "request", "quer", "lookup", "connection", "quota", "rate limit", "rate-limit", "your ip", "ip address", "your host", "your address", "your network",
    "client", "access", "limit", "whois", "consult", "solicit", "requê", "requet", "anfrage", "zapyt", "dotaz", "запрос", "запит", " ip ", "frequency", "abfrage", "richiest", "simultaneous", "one address", " from ",
];
/// Words for too much use.
#[rustfmt::skip]
const TROUBLE: &[&str] = &[
    "exceeded", "exceeds", "too many", "too fast", "too frequent", "too often", "too short", "limit reached", "maximum reached", "has been reached", "have reached", "hour reached",
    "day reached", "minute reached", "blacklist", "black list", "throttl", "slow down", "per second", "per minute", "per hour", "per day", "in 24 hours", "last 24 hours", "flood",
    "rate limit", "rate-limit", "ratelimit", "excessive", "grace period", "banned", "temporarily blocked", "is blocked", "been blocked", "been restricted", "temporarily denied", "quota", "abuse of",
    "wait a", "wait before", "too high", "too busy", "over quota", "run out of", "used up", "suspended", "limitation", "times per", "überschritten", "superato", "excesso", "excedió",
    "before next", "before the next", "been limited", "only query", "reached", "due to abuse", "for abuse", "request denied", "requests denied", "demasiad", "superado", "excedid", "dépass",
];
/// Words of lines that only describe a limit.
#[rustfmt::skip]
const CONDITIONAL: &[&str] = &[
    "if you", "if your", " may ", " will be ", " should ", "in order to", "to prevent", "are limited", "is limited", "you agree", "not to use",
    "terms of use", "notice:", "are throttled", "are rate limited", "are rate-limited", "if too many", "are received", "data mining", "limiting", "for more", "access to ", "is subject to", "are subject to", "reserves the right", "must not", "prohibited", " shall ", "can be ", "avoid ", "reserve the right",
];
/// Whether a text without registration data is a refusal because of a rate limit.
pub(super) fn is_rate_limited(text: &str) -> bool {
    let answer = answer_lines(text);
    let mut sentence_is_open = false;

    for raw in text.lines().take(MAX_LINES).map(bounded) {
        let line = bare(raw).to_lowercase();
        // A line of a wrapped notice that starts inside a sentence.
        let continues = sentence_is_open && bare(raw).starts_with(char::is_lowercase);
        sentence_is_open = line.len() > 40 && !raw.trim_end().ends_with(['.', ':', '!', '?']);

        let describes = CONDITIONAL.iter().any(|words| line.contains(words));
        let likely = || {
            let is_answer = answer.as_ref().is_some_and(|lines| lines.contains(&raw));
            is_answer && !describes && line.len() <= 200 && is_likely(&line)
        };
        if !continues && (is_refusal(&line, describes) || likely()) {
            return true;
        }
    }

    false
}

/// Whether a line has one of the phrases of known servers.
fn is_refusal(line: &str, describes: bool) -> bool {
    let starts = |text: &str| {
        STARTS.iter().any(|words| {
            text.strip_prefix(words).is_some_and(|rest| {
                !words.is_ascii()
                    || words.ends_with(' ')
                    || !rest.starts_with(char::is_alphanumeric)
            }) || !words.is_ascii() && text.contains(words)
        })
    };
    let ends = || {
        let spaced = format!(" {line}");
        line.len() <= super::MAX_LINE && ENDS.iter().any(|words| spaced.ends_with(words))
    };
    starts(line)
        || starts(super::without_error_code(line))
        || !describes && ends()
        || line.contains(". you have exceeded")
}

/// Whether a line of a short text is about too much use.
fn is_likely(line: &str) -> bool {
    let line = format!(" {line}");
    let has = |words: &[&str]| words.iter().any(|word| line.contains(word));
    let is_about_domain = line.contains("domain") && line.contains("block");
    has(SUBJECT) && has(TROUBLE) && !is_about_domain
}

#[cfg(test)]
mod tests {
    use super::is_rate_limited;

    #[test]
    fn recognizes_the_refusals_of_registries() {
        for text in [
            "%%\n%% Too many requests, please try again later\n%% No entries found\n",
            "Error: 55000000002 Connection refused; access control limit exceeded\n",
            "% Error: 55000000002 Connection refused; access control limit reached.\n",
            "Error: only 1 request per second allowed, try again later\n",
            "192.0.2.1: daily whois-limit exceeded for client\n",
            "% Maximum queries per hour reached\n",
            "% Excessive querying, grace period of 10 seconds\n",
            "-1: Still in grace period, wait 5 seconds\n",
            "-3: IP address blocked\n",
            "query_status: 440 Request Denied\n",
            "% You have been temporarily banned, slow down\n",
            "%  Your connection limit exceeded. Please slow down and try again later.\n",
            "% Query rate limit exceeded. Reduced information.\n",
            "BLACKLISTED: You have exceeded the query limit for your network or IP address\n",
            "You have exceeded allowed connection rate.\n",
            "%ERROR:201: access denied for 192.0.2.1\n%\n% Queries from your IP address have passed the daily limit\n",
            "request limit exceeded\n",
            "Queried interval is too short.\n",
            "Number of allowed queries exceeded.\n",
            "Too many connection attempts from your IP\n",
            "Error for \"example.uk\".\n\nthe WHOIS query quota for 192.0.2.1 has been exceeded\nand will be replenished in 50 seconds\n",
            "Rate limit exceeded. Try again after: 47h59m\n",
            "Your IP address has been restricted due to excessive access, please wait a bit\n",
            "Превышен лимит запросов\n",
            "# Too many queries from your host, wait one minute\n",
            "The IP address used to perform the query is not authorised or has exceeded the established limit for queries.\n",
            "Maximum Daily connection limit reached. Lookup refused.\n",
            "%% Ha superado el límite de consultas\n",
            "%ERROR: Query limit exceeded for your IP\n",
        ] {
            assert!(is_rate_limited(text), "{text}");
        }
    }

    #[test]
    fn ignores_notices_about_limits() {
        let notice = "This information is provided for lookups only. You agree not to use high-volume, automated queries; \n\
            excessive queries are blocked. Access may be withdrawn if you exceed a limit of 10 queries per minute and\n\
            too many requests will be rejected.\n";
        for text in [
            notice,
            "Domain not found\n",
            "- exceeding query rate or volume limits.\n",
            "Access to this service is rate limited. For more",
            "% The service is limited to lookups of single names.\n% No match\n",
            "This name is blocked by the registry\n",
            "Domain blocked\n",
            "",
        ] {
            assert!(!is_rate_limited(text), "{text}");
        }
        let long = format!(
            "{}Your IP address has exceeded nothing\n",
            "prose\n".repeat(500)
        );
        assert!(!is_rate_limited(&long));
    }
}
