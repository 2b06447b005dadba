//! Phrases of SMTP replies about anything but the mailbox, by topic.

use super::Topic;

/// Phrases to find anywhere in the masked text, in lower case with single spaces, separated by
/// commas. An underscore at an end is a space: the border of a word.
pub(super) const PHRASES: &[(Topic, &str)] = &[
    (
        Topic::Greylist,
        "greylist, graylist, grey list, gray list, grey-list, gray-list",
    ),
    (
        Topic::Rate,
        "too often, too many mails, too many emails, too many e-mails, too many commands, too \
         many attempts, too many failed, rate that, at a rate, _rate is, sending limit, message \
         limit, hourly limit, daily limit, per hour, per minute, per day, frequency, flood, slow \
         down, exceeded your, your quota, outbound quota, hourly quota, daily quota, exceed the limit, \
         send less, rate limit, rate-limit, ratelimit, rate exceeded, \
         connection rate, message rate, unusual rate, throttl, too quickly, too fast, too many \
         connections, too many concurrent, too many sessions, too many messages, too many \
         requests, too many errors, too many invalid, too many unknown, too much mail, exceeded \
         the maximum number, sending quota, concurrency limit",
    ),
    (
        Topic::Block,
        "virus, malware, phish, infected, dkim, spf check, spf fail, sender policy framework, \
         _dns_, _ptr_, mx record, mx lookup, hostname, fully qualified, fully-qualified, fqdn, \
         _helo, _ehlo, (helo, ip-link, your address, your domain, your server, your network, \
         your mail server, residential, dialup, dial-up, dynamic, geograph, country, honeypot, \
         spam trap, spamtrap, spammer, antispam, anti-spam, harvest, abuse, poor rep, bad rep, \
         content, attachment, header, mailing from, open proxy, open relay, botnet, backscatter, \
         forged, forgery, spoof, impersonat, rejected by policy, policy, quarantine, dane, \
         certificate, mail content, your provider, your isp, sbl, xbl, pbl, blocked, blocklist, \
         block list, blacklist, black list, denylist, deny list, blocking list, spamhaus, \
         spamcop, dnsbl, _rbl_, _rbl:, reputation, is listed, listed in, listed at, listed by, \
         banned, _spam, unsolicited, suspicious, malicious, reverse dns, reverse lookup, rdns, \
         ptr record, no ptr, cannot find your hostname, find your reverse hostname, dynamic ip, \
         dynamic address, client host rejected, helo command rejected, ehlo command rejected, \
         your ip, sending ip, ip address, your host, administrative prohibition, \
         administratively, for policy reasons, policy reasons, due to policy, security policy, \
         local policy, policy violation, policy restriction, policy rejection, sender verify \
         failed, sender verification, _spf_, dmarc, firewall, no smtp service here, no service \
         here, not accepted from, refused to talk",
    ),
    (
        Topic::Relay,
        "relaying, relay is denied, relay attempt, as a relay, not a relay, through this server, \
         domain not local, not hosted here, not one of our domains, not handled here, relaying \
         denied, relaying not, relaying is not, relaying prohibited, relay access denied, relay \
         denied, relay not permitted, relay not allowed, relay is not allowed, relay prohibited, \
         unable to relay, cannot relay, can't relay, not permitted to relay, not allowed to \
         relay, do not relay, don't relay, no relay, not an open relay, rcpthosts, we do not \
         accept mail for this domain, not a local domain, domain not hosted, domain is not \
         hosted",
    ),
    (
        Topic::Sender,
        "sender, _mail from, from address, from: address, return path, return-path, \
         reverse-path, reverse path, envelope from, originator, absender, expéditeur, remitente, \
         remetente, mittente, отправител, null reverse, empty envelope, empty from, empty \
         return, null return, bounces are not, does not accept bounces, not accept bounces, no \
         bounces, mail from: <>",
    ),
    (
        Topic::Recipients,
        "too many recipients, recipient limit, recipients limit, only one recipient, one \
         recipient, multiple recipients, multi-recipient, more than one recipient",
    ),
    (
        Topic::StartTls,
        "starttls, start tls, tls required, tls is required, encryption required, must use tls",
    ),
    (
        Topic::Moved,
        "user not local, moved to, new address is, new address:, has a new address, forward to, \
         has moved, address changed",
    ),
    (
        Topic::Denied,
        "access denied, access is denied, access to, access not, no access, denied, permission, \
         not permitted, not authorized, not authorised, unauthorized, unauthorised, forbidden, \
         prohibited, authenticat, authorization, auth required, smtp auth, log in, login, logged \
         in, password, credential, members, subscribers may, moderat, restricted, not accept \
         mail from, not accept messages from, does not want, verweigert, refusé, denegado, \
         negado, not allowed to, is not allowed, are not allowed, not allowed here, not allowed \
         from",
    ),
    (
        Topic::Server,
        "temporar, try later, maintenance, internal error, local error, server error, system \
         error, config error, configuration, misconfigur, service unavailable, service not \
         available, lookup fail, lookup error, backend, timeout, timed out, license, licence, \
         out of memory, disk full, no space left on device, insufficient system, overload, too \
         busy, syntax error, bad sequence, command sequence, out of sequence, unrecognized \
         command, unknown command, invalid command, bad command, not implemented, not supported, \
         unsupported, protocol, need mail, need rcpt, could not verify, cannot verify, unable to \
         verify, cannot be verified, callout, callback, verification fail, verify fail, cannot \
         check, try again later, database error, database unavail, come back later",
    ),
    (
        Topic::Domain,
        "unknown domain, invalid domain, bad domain, no such domain, domain not found, domain \
         unknown, domain is unknown, domain does not exist, domain doesn't exist, domain is \
         invalid, domain invalid, destination domain, recipient domain, recipient's domain, \
         unknown host, host unknown, no such host, host not found, invalid host, null mx, domain \
         does not accept, domain doesn't accept, host does not accept, does not accept mail, \
         does not receive mail",
    ),
];
