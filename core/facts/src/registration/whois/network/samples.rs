//! Answers about addresses and AS numbers in the formats of the registries, with example numbers.

use super::super::{super::Kind, parse, samples::brief};

fn of(kind: Kind, query: &str, text: &str) -> String {
    brief(&parse(kind, query, text))
}

#[test]
fn parses_blocks_of_the_regional_registries() {
    let arin = "# start\n\nNetRange:       192.0.0.0 - 192.0.255.255\nCIDR:           192.0.0.0/16\nNetName:        BIG\nOrganization:   Big Co (BIG)\n\nOrgName:        Big Co\nCountry:        CA\n\n# end\n\n# start\n\n\
        NetRange:       192.0.2.0 - 192.0.2.255\nCIDR:           192.0.2.0/24\nNetName:        SAMPLE-NET\nOriginAS:       AS64500, AS64501\nOrganization:   Sample LLC (SAMPL)\nRegDate:        1992-12-01\nUpdated:        2024-03-14\n\n\n\
        OrgName:        Sample LLC\nOrgId:          SAMPL\nCountry:        US\nRegDate:        2000-03-30\n\nOrgAbuseEmail:  abuse@sample.example\n\n# end\n";

    assert_eq!(
        of(Kind::Ip, "192.0.2.9", arin),
        "registered c=1992-12-01 u=2024-03-14 net=192.0.2.0-192.0.2.255 cidr=192.0.2.0/24 name=SAMPLE-NET holder=Sample LLC in=US as=64500"
    );

    let ripe = "% Information related to '192.0.2.0 - 192.0.2.255'\n\ninetnum:        0.0.0.0 - 255.255.255.255\nnetname:        IANA-BLK\n\ninetnum:        192.0.2.0 - 192.0.2.255\nnetname:        SAMPLE\ndescr:          Rack 7\ncountry:        NL\n\
        org:            ORG-S1-RIPE\nstatus:         ASSIGNED PA\ncreated:        2003-03-17T12:15:57Z\nlast-modified:  2024-12-04T14:42:31Z\nsource:         RIPE\n\norganisation:   ORG-S1-RIPE\norg-name:       Sample B.V.\ncountry:        BE\n\n\
        route:          192.0.2.0/24\norigin:         AS64500\n";

    assert_eq!(
        of(Kind::Ip, "192.0.2.9", ripe),
        "registered status=assigned pa c=2003-03-17T12:15:57Z u=2024-12-04T14:42:31Z net=192.0.2.0-192.0.2.255 cidr=192.0.2.0/24 name=SAMPLE holder=Sample B.V. in=NL as=64500"
    );

    let lacnic = "inetnum:     192.0.2/24\naut-num:     AS64500\nowner:       Ejemplo S.A.\ncountry:     AR\ncreated:     20000315\nchanged:     20240316\nstatus:      allocated\n";

    assert_eq!(
        of(Kind::Network, "192.0.2.0/24", lacnic),
        "registered status=allocated c=2000-03-15 u=2024-03-16 net=192.0.2.0-192.0.2.255 cidr=192.0.2.0/24 holder=Ejemplo S.A. in=AR as=64500"
    );

    let apnic = "inet6num:       2001:db8::/32\nnetname:        SAMPLE-AP\ndescr:          Sample Pty Ltd\ncountry:        AU\nlast-modified:  2024-01-01T00:00:00Z\nsource:         APNIC\n";

    assert_eq!(
        of(Kind::Ip, "2001:db8::1", apnic),
        "registered u=2024-01-01 net=2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff cidr=2001:db8::/32 name=SAMPLE-AP holder=Sample Pty Ltd in=AU"
    );
}

#[test]
fn parses_as_numbers() {
    let asn = "ASNumber:       64496 - 64500\nASName:         SAMPLE\nRegDate:        2001-01-02\n\nOrgName:        Sample LLC\nCountry:        US\n";

    assert_eq!(
        of(Kind::Asn, "AS64500", asn),
        "registered c=2001-01-02 net=AS64496-AS64500 name=SAMPLE holder=Sample LLC in=US"
    );

    let asn = "as-block:       AS64496 - AS64511\ndescr:          block\n\naut-num:        AS64500\nas-name:        SAMPLE-AS\norg:            ORG-S1-RIPE\n\norganisation:   ORG-S1-RIPE\norg-name:       Sample B.V.\ncountry:        NL\n";

    assert_eq!(
        of(Kind::Asn, "64500", asn),
        "registered name=SAMPLE-AS holder=Sample B.V. in=NL"
    );
}

#[test]
fn parses_national_registries_and_one_line_forms() {
    let jpnic = "[ JPNIC database ]\n\nNetwork Information:\na. [Network Number]             192.0.2.0/24\nb. [Network Name]               SAMPLE-JP\ng. [Organization]               Sample K.K.\np. [Nameserver]                 ns1.example.jp\n[Assigned Date]                 2008/09/04\n[Last Update]                   2024/03/22 11:09:04(JST)\n";

    assert_eq!(
        of(Kind::Ip, "192.0.2.1", jpnic),
        "registered c=2008-09-04 u=2024-03-22T02:09:04Z net=192.0.2.0-192.0.2.255 cidr=192.0.2.0/24 name=SAMPLE-JP holder=Sample K.K."
    );

    let list = "Sample LLC SAMPLE-BIG (NET-192-0-0-0-1) 192.0.0.0 - 192.0.255.255\nShop Inc. SHOP-NET (NET-192-0-2-0-1) 192.0.2.0 - 192.0.2.63\n";

    assert_eq!(
        of(Kind::Ip, "192.0.2.1", list),
        "registered net=192.0.2.0-192.0.2.63 cidr=192.0.2.0/26 name=SHOP-NET holder=Shop Inc."
    );

    let rwhois = "%rwhois V-1.5\nnetwork:ID:NET-1\nnetwork:IP-Network:192.0.2.0/28\nnetwork:Network-Name:CUSTOMER\nnetwork:Org-Name;I:Customer Ltd\nnetwork:Country-Code:US\nnetwork:Created:20200102\n";

    assert_eq!(
        of(Kind::Ip, "192.0.2.1", rwhois),
        "registered c=2020-01-02 net=192.0.2.0-192.0.2.15 cidr=192.0.2.0/28 name=CUSTOMER holder=Customer Ltd in=US"
    );
}

#[test]
fn blocks_of_other_registries_are_unavailable() {
    let moved = "NetRange:       192.0.2.0 - 192.0.2.255\nNetName:        APNIC-ERX-192-0-2-0\nNetType:        Early Registrations, Transferred to APNIC\n\nOrgName:        Registry Centre\n\nReferralServer: whois://whois.apnic.net\n";
    assert_eq!(of(Kind::Ip, "192.0.2.1", moved), "unavailable");
    assert_eq!(
        of(Kind::Ip, "192.0.2.1", "No match found for n + 192.0.2.1.\n"),
        "available"
    );
    assert_eq!(
        of(Kind::Asn, "AS64500", "%ERROR:101: no entries found\n"),
        "available"
    );
}
