//! Registrations in the formats of registries.

use super::domain;

#[test]
fn parses_generic_registries() {
    let thick = "   Domain Name: EXAMPLE.COM\n   Registrar WHOIS Server: whois.registrar.example\n   Registrar URL: http://www.registrar.example\n   \
        Updated Date: 2024-05-06T07:08:09Z\n   Creation Date: 2001-02-03T04:05:06Z\n   Registry Expiry Date: 2031-02-03T04:05:06Z\n   \
        Registrar: Sample Registrar, Inc.\n   Registrar IANA ID: 9998\n   Registrar Abuse Contact Email: abuse@registrar.example\n   \
        Registrar Abuse Contact Phone: +1.5555550100\nReseller: Small Shop Ltd\n   Domain Status: clientTransferProhibited https://icann.org/epp#clientTransferProhibited\n   \
        Registrant Name: REDACTED FOR PRIVACY\nRegistrant Organization: Example Holdings LLC\nRegistrant State/Province: CA\nRegistrant Country: US\n\
        Admin Organization: Other Ltd\nTech Country: DE\nName Server: NS1.EXAMPLE.NET\n   Name Server: ns1.example.net\n   Name Server: NS2.EXAMPLE.NET\n   DNSSEC: unsigned\n\
        >>> Last update of whois database: 2024-09-09T00:00:00Z <<<\n\nNOTICE: no match is promised; the expiration date may differ.\n";

    domain(
        "example.com",
        thick,
        "registered by=Sample Registrar, Inc. id=9998 url=http://www.registrar.example abuse=abuse@registrar.example \
        tel=+1.5555550100 org=Example Holdings LLC cc=US status=clientTransferProhibited ns=ns1.example.net,ns2.example.net \
        c=2001-02-03T04:05:06Z u=2024-05-06T07:08:09Z x=2031-02-03T04:05:06Z sec=false",
    );

    domain(
        "example.info",
        "Domain Name:EXAMPLE.INFO\nCreated On:26-Aug-2001 10:11:12 UTC\nSponsoring Registrar:Sample GmbH (R9-LRMS)\nStatus:CLIENT HOLD\n\
        Registrant Organization:\nRegistrant Country:AT\nName Server:NS1.EXAMPLE.NET\nName Server: \nDNSSEC:Signed\n",
        "registered by=Sample GmbH cc=AT status=clientHold ns=ns1.example.net c=2001-08-26T10:11:12Z sec=true",
    );

    // The registry lists host objects that start with the name before the name itself.
    domain(
        "example.com",
        "   Server Name: EXAMPLE.COM.OTHER.TEST\n   Registrar: Wrong\n\n   Domain Name: EXAMPLE.COM\n   Registrar: Right Inc.\n   \
        Referral URL: http://right.example\n   Name Server: A.EXAMPLE.NET\n   Creation Date: 01-jan-1999\n",
        "registered by=Right Inc. url=http://right.example ns=a.example.net c=1999-01-01",
    );

    domain(
        "example.com",
        "Registrant:\n   Example Corp\n   1 Main Street\n   Springfield, Oregon 12345\n   United States\n\n   Registered through: Sample Registrar\n   \
        Domain Name: EXAMPLE.COM\n      Created on: 02-Mar-99\n      Expires on: 01-Nov-31\n\n   Administrative Contact:\n      Somebody, Else\n      Germany\n\n   \
        Domain servers in listed order:\n      NS1.EXAMPLE.NET\n      NS2.EXAMPLE.NET\n",
        "registered by=Sample Registrar org=Example Corp cc=US ns=ns1.example.net,ns2.example.net c=1999-03-02 x=2031-11-01",
    );
}

#[test]
fn parses_headings_and_blocks() {
    domain(
        "example.co.uk",
        "\n    Domain name:\n        example.co.uk\n\n    Data validation:\n        Nominet was able to match the details on 10-Dec-2012\n\n    Registrar:\n        \
        Sample Ltd t/a Sample [Tag = SAMPLE]\n        URL: https://sample.example\n\n    Relevant dates:\n        Registered on: before Aug-1996\n        Expiry date:  13-Dec-2031\n        \
        Last updated:  01-Dec-2024\n\n    Registration status:\n        Registered until expiry date.\n\n    Name servers:\n        ns1.example.co.uk  192.0.2.1\n        ns2.example.net\n\n    \
        WHOIS lookup made at 00:00:00 01-Jan-2025\n",
        "registered by=Sample Ltd t/a Sample url=https://sample.example status=registered until expiry date \
        ns=ns1.example.co.uk,ns2.example.net u=2024-12-01 x=2031-12-13",
    );

    domain(
        "example.be",
        "Domain:\texample.be\nStatus:\tNOT AVAILABLE\nRegistered:\tTue Dec 12 2000\n\nRegistrant:\n\tNot shown, please visit www.dnsbelgium.be for webbased whois.\n\n\
        Registrar Technical Contacts:\n\tOrganisation:\tWrong NV\n\nRegistrar:\n\tName:\tSample NV\n\tWebsite: https://sample.example\n\nNameservers:\n\tns1.example.be (192.0.2.1)\n\t\
        ns2.example.net\n\nKeys:\n\tkeyTag:12345 flags:KSK protocol:3\n\nFlags:\n\tclientTransferProhibited\n",
        "registered by=Sample NV url=https://sample.example \
        status=not available,clientTransferProhibited ns=ns1.example.be,ns2.example.net c=2000-12-12 sec=true",
    );

    domain(
        "example.nl",
        "Domain name: example.nl\nStatus:      active\n\nRegistrar:\n   Sample B.V.\n   Street 1\n   Netherlands\n\nAbuse Contact:\n   +31.205550100\n   abuse@sample.example\n\n\
        DNSSEC:      yes\n\nDomain nameservers:\n   ns1.example.nl          192.0.2.1\n   ns1.example.nl          2001:db8::1\n   ns2.example.net\n\nRecord maintained by: SIDN BV\n",
        "registered by=Sample B.V. abuse=abuse@sample.example tel=+31.205550100 status=active ns=ns1.example.nl,ns2.example.net sec=true",
    );

    domain(
        "example.it",
        "*****\n* Please note *\n*****\n\nDomain:             example.it\nStatus:             ok\nSigned:             no\nCreated:            1999-12-10 00:00:00\n\
        Last Update:        2024-05-07 00:54:15\nExpire Date:        2031-04-21\n\nRegistrant\n  Organization:     Example S.r.l.\n  Address:          Via Uno 1\n                    Roma\n                    \
        IT\n  Created:          2018-03-02 19:04:02\n\nAdmin Contact\n  Name:             Somebody\n  Organization:     Other S.p.A.\n\nRegistrar\n  Organization:     Sample S.p.A.\n  \
        Name:             SAMPLE-REG\n  Web:              https://sample.example/\n  DNSSEC:           yes\n\nNameservers\n  ns1.example.it\n",
        "registered by=Sample S.p.A. url=https://sample.example/ \
        org=Example S.r.l. status=ok ns=ns1.example.it c=1999-12-10 u=2024-05-07T00:54:15Z x=2031-04-21 sec=false",
    );

    domain(
        "example.fi",
        "domain.............: example.fi\nstatus.............: Registered\ncreated............: 30.6.2006 00:00:00\nexpires............: 4.7.2031 10:15:55\n\
        available..........: 4.8.2031 10:15:55\nmodified...........: 2.6.2024\nRegistryLock.......: no\n\nNameservers\n\nnserver............: ns1.example.fi [192.0.2.1] [OK]\nnserver............: \
        ns2.example.net [OK]\n\nDNSSEC\n\ndnssec.............: signed delegation\n\nHolder\n\nname...............: Example Oy\nregister number....: 1234567-8\ncountry............: Finland\n\n\
        Registrar\n\nregistrar..........: Sample Oy\nwww................: www.sample.example\n",
        "registered by=Sample Oy url=www.sample.example org=Example Oy cc=FI status=registered \
        ns=ns1.example.fi,ns2.example.net c=2006-06-30 u=2024-06-02 x=2031-07-04T10:15:55Z sec=true",
    );
}

#[test]
fn parses_headings_without_indentation() {
    domain(
        "example.dk",
        "# Hello\n\nDomain:               example.dk\nDNS:                  example.dk\nRegistered:           1999-01-10\nExpires:              2031-03-31\nDnssec:               Unsigned delegation\n\
        Status:               Active\n\nRegistrant\nHandle:               ***N/A***\nName:                 Example A/S\nCountry:              DK\n\nNameservers\nHostname:             ns1.example.dk\n",
        "registered org=Example A/S cc=DK status=active ns=ns1.example.dk c=1999-01-10 x=2031-03-31 sec=false",
    );

    domain(
        "example.ch",
        "Domain name:\nexample.ch\n\nHolder of domain name:\nExample AG\nMusterweg 1\nCH-8000 Zürich\nSwitzerland\n\nRegistrar:\nSample AG\n\nFirst registration date:\n1999-05-27\n\n\
        DNSSEC:N\n\nName servers:\nns1.example.ch\t[192.0.2.1]\nns2.example.net\n",
        "registered by=Sample AG org=Example AG cc=CH ns=ns1.example.ch,ns2.example.net c=1999-05-27 sec=false",
    );

    domain(
        "example.pl",
        "DOMAIN NAME:           example.pl\nregistrant type:       organization\nnameservers:           ns1.example.pl. [192.0.2.1]\n                       ns2.example.net.\n\
        created:               2002.09.19 13:00:00\nlast modified:         2024.08.17 11:37:09\nrenewal date:          2031.09.18 14:00:00\n\noption expiration date:       2033.10.14 09:30:46\n\n\
        dnssec:                Unsigned\n\nREGISTRAR:\nSample Sp. z o.o.\nul. Jedna 1\nPolska/Poland\n+48.225550100\n",
        "registered by=Sample Sp. z o.o. ns=ns1.example.pl,ns2.example.net \
        c=2002-09-19T13:00:00Z u=2024-08-17T11:37:09Z x=2031-09-18T14:00:00Z sec=false",
    );

    domain(
        "example.gg",
        "Domain:\n     example.gg\n\nDomain Status:\n     Active\n     Transfer Prohibited by Registrar\n\nRegistrant:\n     Example LLC\n\nRegistrar:\n     Sample Inc. (http://sample.example)\n\n\
        Relevant dates:\n     Registered on 30th April 2003 at 00:04:00.000\n     Registry fee due on 30th April each year\n\nName servers:\n     ns1.example.gg\n",
        "registered by=Sample Inc. \
        url=http://sample.example org=Example LLC status=active,transfer prohibited by registrar ns=ns1.example.gg c=2003-04-30T00:04:00Z",
    );
}

#[test]
fn parses_objects_with_handles() {
    domain(
        "example.de",
        "Domain: example.de\nNserver: ns1.example.de 192.0.2.1 2001:db8:0:0:0:0:0:1\nNserver: ns2.example.net\nDnskey: 257 3 8 AwEAAa\nStatus: connect\nChanged: 2024-03-12T21:44:25+01:00\n",
        "registered status=connect ns=ns1.example.de,ns2.example.net u=2024-03-12T20:44:25Z sec=true",
    );

    domain(
        "example.fr",
        "%%\n%% Notice\n%%\n\ndomain:      example.fr\nstatus:      ACTIVE\nholder-c:    EX1-FRNIC\nregistrar:   SAMPLE SAS\nExpiry Date: 2031-12-30T17:16:48Z\n\
        created:     2000-07-26T22:00:00Z\nlast-update: 2024-11-28T10:33:06Z\n\nns-list:     NSL1-FRNIC\nnserver:     ns1.example.fr [192.0.2.1]\n\nregistrar:   SAMPLE SAS\ncountry:     BE\n\
        website:     https://sample.example\nregistered:  1990-01-01T12:00:00Z\n\nnic-hdl:     EX1-FRNIC\ntype:        ORGANIZATION\ncontact:     Exemple\ncountry:     FR\nchanged:     2015-03-20T21:13:41Z x@nic.example\n",
        "registered by=SAMPLE SAS url=https://sample.example org=Exemple cc=FR status=active ns=ns1.example.fr c=2000-07-26T22:00:00Z u=2024-11-28T10:33:06Z x=2031-12-30T17:16:48Z",
    );

    domain(
        "example.cz",
        "domain:       example.cz\nregistrant:   CT-1\nnsset:        NSS-1\nkeyset:       KEY-1\nregistrar:    REG-SAMPLE\nregistered:   19.09.1997 02:00:00\nexpire:       28.10.2031\n\n\
        contact:      CT-1\norg:          Example s.r.o.\naddress:      Praha\naddress:      CZ\ncreated:      12.01.2017 16:58:00\n\nnsset:        NSS-1\nnserver:      ns1.example.cz (192.0.2.1)\nchanged:      13.06.2019 14:32:05\n\n\
        keyset:       KEY-1\ncreated:      13.06.2019 14:32:05\n",
        "registered by=REG-SAMPLE org=Example s.r.o. cc=CZ ns=ns1.example.cz c=1997-09-19T02:00:00Z x=2031-10-28 sec=true",
    );

    domain(
        "example.com.ua",
        "domain:           example.com.ua\nnserver:          ns1.example.ua\nstatus:           ok\ncreated:          2002-12-04 00:00:00+02\nexpires:          2031-12-04 00:00:00+02\n\n\
        % Registrar:\n% ==========\nregistrar:        ua.sample\norganization:     Sample Ltd\nurl:              http://sample.example\nabuse-email:      abuse@sample.example\n\n% Registrant:\n% ===========\nperson:           n/a\n\
        organization-loc: Example LLC\ncountry-loc:      UA\ncreated:          2018-02-27 21:07:26+02\nstatus:           linked\n",
        "registered by=Sample Ltd url=http://sample.example abuse=abuse@sample.example \
        org=Example LLC cc=UA status=ok ns=ns1.example.ua c=2002-12-03T22:00:00Z x=2031-12-03T22:00:00Z",
    );

    domain(
        "example.ru",
        "domain:        EXAMPLE.RU\nnserver:       ns1.example.ru. 192.0.2.1\nstate:         REGISTERED, DELEGATED, VERIFIED\norg:           Example LLC\nregistrar:     SAMPLE-RU\n\
        created:       2004-03-03T21:00:00Z\npaid-till:     2031-03-04T21:00:00Z\nfree-date:     2031-04-05\n",
        "registered by=SAMPLE-RU org=Example LLC status=registered,delegated,verified \
        ns=ns1.example.ru c=2004-03-03T21:00:00Z x=2031-03-04T21:00:00Z",
    );

    domain(
        "example.com.br",
        "domain:      example.com.br\nowner:       Exemplo Ltda\nownerid:     12.345.678/0001-90\ncountry:     BR\nowner-c:     ABC1\nnserver:     a.dns.example\nnsstat:      20240101 AA\n\
        dsrecord:    45187 RSA/SHA-1 7A106E\ncreated:     19990518 #162310\nchanged:     20240502\nexpires:     20310518\nstatus:      published\n\nnic-hdl-br:  ABC1\nperson:      Somebody\ncreated:     20100520\n",
        "registered org=Exemplo Ltda cc=BR status=published ns=a.dns.example c=1999-05-18 u=2024-05-02 x=2031-05-18 sec=true",
    );

    domain(
        "example.co.il",
        "query:        example.co.il\n\ndomain:       example.co.il\n\ndescr:        Example Ltd.\ndescr:        Street 1\ndescr:        Israel\nnserver:      ns1.example.net\nvalidity:     04-06-2031\n\
        DNSSEC:       unsigned\nstatus:       Transfer Locked\nchanged:      registrar AT nic.example 19990605 (Assigned)\nchanged:      registrar AT nic.example 20240909 (Changed)\n\nperson:       Somebody\n\n\
        registrar name: Sample Ltd\nregistrar info: http://sample.example\n",
        "registered by=Sample Ltd url=http://sample.example org=Example Ltd. cc=IL status=transfer locked ns=ns1.example.net \
        c=1999-06-05 u=2024-09-09 x=2031-06-04 sec=false",
    );
}

#[test]
fn parses_asian_registries() {
    domain(
        "example.jp",
        "[ JPRS database provides information ]\n\nDomain Information: [ドメイン情報]\n[Domain Name]                   EXAMPLE.JP\n\n[登録者名]                      株式会社サンプル\n\
        [Registrant]                    Sample, Inc.\n\n[Name Server]                   ns1.example.jp\n[Signing Key]                   \n\n[登録年月日]                    2010/09/22\n[有効期限]                      2031/09/30\n\
        [状態]                          Active\n[最終更新]                      2024/10/01 01:05:09 (JST)\n\nContact Information: [公開連絡窓口]\n[名前]                          別の会社\n[Name]                          Other, Inc.\n",
        "registered org=Sample, Inc. status=active ns=ns1.example.jp c=2010-09-22 u=2024-09-30T16:05:09Z x=2031-09-30",
    );

    domain(
        "example.co.jp",
        "Domain Information:\na. [Domain Name]                EXAMPLE.CO.JP\ng. [Organization]               Sample Corporation\nl. [Organization Type]          Corporation\np. [Name Server]                ns1.example.co.jp\n\
        s. [Signing Key]                1234 8 2 (\n[State]                         Connected (2031/03/31)\n[Registered Date]               2001/03/22\n[Connected Date]                2001/04/01\n[Last Update]                   2024/04/01 01:02:55 (JST)\n",
        "registered org=Sample Corporation status=connected ns=ns1.example.co.jp c=2001-03-22 u=2024-03-31T16:02:55Z x=2031-03-31 sec=true",
    );

    domain(
        "example.kr",
        "query : example.kr\n\n# KOREAN(UTF8)\n\n도메인이름                  : example.kr\n등록인                      : 예제회사\n\n# ENGLISH\n\nDomain Name                 : example.kr\nRegistrant                  : Sample Korea, LLC\n\
        Registrant Address          : Seoul\nAdministrative Contact(AC)  : Somebody\nRegistered Date             : 2007. 03. 02.\nLast Updated Date           : 2024. 10. 04.\nExpiration Date             : 2031. 03. 02.\n\
        Authorized Agency           : Sample Corp.(http://sample.example)\nDNSSEC                      : unsigned\n\nPrimary Name Server\n   Host Name                : ns1.example.kr\n   IP Address               : 192.0.2.1\n\nSecondary Name Server\n   \
        Host Name                : ns2.example.net\n\n- KISA/KRNIC Whois Service -\n",
        "registered by=Sample Corp. url=http://sample.example org=Sample Korea, LLC ns=ns1.example.kr,ns2.example.net \
        c=2007-03-02 u=2024-10-04 x=2031-03-02 sec=false",
    );

    domain(
        "example.com.tw",
        "Domain Name: example.com.tw\n   Domain Status: ok\n   Registrant:\n      Example Inc.\n      Somebody  some@example.tw\n      +886.25550100\n      Taipei\n      TW\n\n   Administrative Contact:\n      Other\n\n   \
        Record expires on 2031-11-09 09:00:00 (UTC+8)\n   Record created on 2000-08-29 (YYYY-MM-DD)\n\n   Domain servers in listed order:\n      ns1.example.tw      \n      ns2.example.net      192.0.2.1\n\nRegistration Service Provider: Sample Ltd.\n\
        Registration Service URL: https://sample.example\n",
        "registered by=Sample Ltd. url=https://sample.example org=Example Inc. cc=TW status=ok ns=ns1.example.tw,ns2.example.net c=2000-08-29 x=2031-11-09T01:00:00Z",
    );

    domain(
        "example.com.tr",
        "** Domain Name: example.com.tr\n\n** Registrant:\n   Example A.S.\n   Istanbul,\n     Türkiye\n   + 90-212-5550100-\n\n** Administrative Contact:\nNIC Handle\t\t: ab1-metu\nOrganization Name\t: Other\n\n\
        ** Domain Servers:\nns1.example.com.tr 192.0.2.1\nns2.example.net\n\n** Additional Info:\nCreated on..............: 2001-Aug-23.\nExpires on..............: 2031-Aug-22.\n",
        "registered org=Example A.S. cc=TR ns=ns1.example.com.tr,ns2.example.net c=2001-08-23 x=2031-08-22",
    );

    domain(
        "example.hk",
        "Domain Name:  EXAMPLE.HK\nDomain Status: Active\nDNSSEC:  unsigned\nRegistrar Name: SAMPLE INC.\nRegistrar Contact Information: Email: help@sample.example\n\nRegistrant Contact Information:\n\
        Company English Name (It should be the same as the registered name on your documents): EXAMPLE LIMITED\nCompany Chinese name:\nAddress:  1 ROAD\nCountry: Hong Kong (HK)\nDomain Name Commencement Date: 14-07-2001\n\
        Expiry Date: 20-11-2031\n\nTechnical Contact Information:\nCountry: Singapore\n\nName Servers Information:\nNS1.EXAMPLE.HK\n",
        "registered by=SAMPLE INC. org=EXAMPLE LIMITED cc=HK status=active ns=ns1.example.hk \
        c=2001-07-14 x=2031-11-20 sec=false",
    );

    domain(
        "example.my",
        "a [Domain Name]                 example.my\nb [Registration No.]            D1A000000\nc [Record Created]              13-MAY-2009\nd [Record Expired]              13-MAY-2031\n\
        f [Invoicing Party]                            R000\n  Other Sdn Bhd\n\ng [Registrant Code]                            EX1.ORG\n  Example Sdn. Bhd.\n  Selangor\n  Malaysia\n\nk [Primary Name Server]              NS1EXA0.SER\n  \
        ns1.example.my                     192.0.2.1\n",
        "registered org=Example Sdn. Bhd. cc=MY ns=ns1.example.my c=2009-05-13 x=2031-05-13",
    );
}
