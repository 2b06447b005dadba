use super::*;

fn parts(text: &str) -> Option<(String, u16, bool)> {
    referral(text).map(|r| (r.host, r.port, r.rwhois))
}

#[test]
fn finds_referrals_in_all_forms() {
    for (text, host, port, rwhois) in [
        (
            "refer:        whois.registry.example\n\ndomain: TEST\nwhois: other.example",
            "whois.registry.example",
            43,
            false,
        ),
        (
            "   Registrar WHOIS Server: WHOIS.Registrar.example.\n",
            "whois.registrar.example",
            43,
            false,
        ),
        (
            "Whois Server: whois.registrar.example",
            "whois.registrar.example",
            43,
            false,
        ),
        (
            "ReferralServer:  whois://whois.rir.example:4343",
            "whois.rir.example",
            4343,
            false,
        ),
        (
            "ReferralServer: rwhois://rwhois.isp.example:4321/auth",
            "rwhois.isp.example",
            4321,
            true,
        ),
        (
            "ReferralServer:  rwhois://rwhois.isp.example",
            "rwhois.isp.example",
            4321,
            true,
        ),
        (
            "ReferralServer: whois://[2001:db8::1]:43",
            "2001:db8::1",
            43,
            false,
        ),
        (
            "netname: NON-RIPE-NCC-MANAGED-ADDRESS-BLOCK\nremarks: see whois.apnic.net",
            "whois.apnic.net",
            43,
            false,
        ),
    ] {
        assert_eq!(parts(text), Some((host.into(), port, rwhois)), "{text}");
    }
}

#[test]
fn ignores_values_that_are_no_server() {
    for text in [
        "",
        "refer:",
        "refer: localhost",
        "refer: a b",
        "refer: -bad-.example",
        "refer: http://www.example.net/",
        "refer: host.example:0",
        "refer: host.example:99999",
        "refer: user@host.example",
        "refer: host_name.example",
        "Registrar WHOIS Server: not available",
        "remarks: see whois.apnic.net",
        "refer: ho\u{0}st.example",
        "Whois Server: http://whois.registrar.example",
        "refer: 1.2.3",
    ] {
        assert_eq!(parts(text), None, "{text}");
    }
}
