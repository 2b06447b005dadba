//! Words with which servers speak about a mailbox: lists separated by commas. An underscore at an end
//! of a part of a word is a space.

/// Nouns for the recipient. `@rcpt` is the probed address itself.
pub(super) const MAILBOXES: &str = "user, users, username, userid, mailbox, mailboxes, recipient, recipients, recipient's, \
     account, accounts, address, addresses, addressee, alias, inbox, rcpt, person, customer, \
     subscriber, localpart, destination, @rcpt";

/// Nouns for what holds mail, in which "full" is meant.
pub(super) const STORES: &str = "mailbox, mailboxes, inbox, folder, mailfolder, maildir, mailfile, box, account, user, \
     user's, recipient, recipient's, quota, @rcpt";

/// Words before a noun that make it the sender's or a machine's: "your address", "IP address".
pub(super) const OTHERS_BEFORE: &str = "your, sender, senders, sender's, from, source, origin, originating, ip, ipv4, ipv6, client, \
     client's, remote, return, reply, envelope, host, network, server, peer, relay, helo, ehlo, \
     bounce, mx, dns, web, physical, authenticated, smtp";

/// Words after a noun that make it something else: "user database", "recipient limit".
pub(super) const OTHERS_AFTER: &str = "database, db, directory, backend, lookup, lookups, agent, policy, policies, limit, limits, \
     verification, callout, authentication, credentials, header, headers, record, records, \
     literal, password, license, licenses, licence, count, restrictions, filter, filters, \
     domain, domains, host, server, permission, permissions, rights, list, lists, system";

/// Nouns of other things, whose predicate says nothing about the recipient.
pub(super) const OTHER_NOUNS: &str = "domain, domains, host, hostname, name, server, certificate, command, service, record, ptr, \
     mx, ip, client, network, password, login, credentials, license, message, header, mail, \
     email, connection, session, signature, key, tls, route, spf, dkim, sender, file, database, \
     table, policy, relay, request, token, id";

/// Words that make a sentence one about the sender.
pub(super) const SENDERS: &str =
    "sender, senders, sender's, originator, envelope, helo, ehlo, mailfrom";

/// Adjectives for an address that leads nowhere, beside a noun: "unknown user", "user unknown".
pub(super) const UNKNOWN: &str = "unknown, removed, deleted, invalid, bad, wrong, illegal, nonexistent, nonexisting, nonexist, inexistent, \
     unrecognized, unrecognised, undeliverable, unrouteable, unroutable, unresolvable, \
     unregistered, nonregistered, incorrect, obsolete";

/// Words that may stand between such an adjective, or "no", and the noun.
pub(super) const ADJECTIVES: &str = "or, recognized, recognised, correct, and, such, valid, known, local, virtual, matching, active, existing, registered, mail, \
     email, destination, mailbox, user, recipient, unknown, illegal, invalid, recipient's, \
     relay, final, intended, smtp, to, real, enabled, the, for, target";

/// Words that may follow an adjective after its noun: "user unknown in local recipient table".
pub(super) const AFTER_UNKNOWN: &str = "in, at, here, on, or, and, to, by, for, with, within, please, so, now, try, check, user, \
     address, recipient, mailbox, account, local, this, rejected, rejecting, refused, relay, \
     sorry, error";

/// What is said after "not", "no longer" or "been" about a mailbox that is not there.
pub(super) const ABSENT: &str = "not correct, not in use, not used, not assigned, not found, not be found, not exist, not exists, not existing, not existent, not known, not \
     valid, not recognized, not recognised, not registered, not defined, not present, not \
     deliverable, not routable, no longer exists, no longer exist, no longer valid, no longer \
     available, no longer here, no longer used, no longer in use, no longer employed, no longer \
     works, no longer with, no longer registered, no longer at, been deleted, been removed, been \
     terminated, been cancelled, been canceled, was deleted, was removed, is deleted, is \
     terminated";

/// What is said of a name that nobody has.
pub(super) const NOBODY: &str = "no one here, no one at, no one by that name, no one with that name, nobody here, \
     nobody at, nobody by that name, nobody with that name";

/// What is said before the noun of a mailbox that was looked for in vain.
pub(super) const SOUGHT: &str = "not find, not locate, unable to find, unable to locate, failed to find, not have, not know, \
     not our";

/// Words of "not an authorized user", which is about rights.
pub(super) const RIGHTS: &str = "authorized, authorised, authenticated, permitted, allowed, trusted, privileged, permission, \
     permissions, member, blocked";

/// Words for a mailbox that is out of use.
pub(super) const DISABLED: &str = "disabled, deactivated, inactive, inactivated, inactivity, suspended, discontinued, frozen, \
     locked, expired, dormant, closed, abandoned";

/// The same in several words.
pub(super) const NOT_ACTIVE: &str = "not active, not activated, not enabled, no longer active, not currently active, out of \
     service";

/// Words beside "quota" that make it one of sending.
pub(super) const SENDING: &str = "your, you, sending, sender, senders, hourly, daily, outbound, outgoing, connection, \
     connections, rate, smtp, submission, relay, client, ip, recipients";

/// Nouns for the recipient in other languages than English, as parts of words.
pub(super) const FOREIGN_MAILBOXES: &str = "empfänger, empfaenger, benutzer, postfach, mailadresse, konto, anwender, adresse, adressat, \
     teilnehmer, destinataire, utilisateur, boîte, boite, compte, destinatario, destinatária, \
     destinatário, usuario, usuário, utilizador, buzón, buzon, casilla, cuenta, dirección, \
     direccion, caixa, _conta_, endereço, utente, casella, indirizzo, ontvanger, gebruiker, \
     postbus, adres, odbiorc, użytkownik, uzytkownik, skrzynk, adresat, пользовател, получател, \
     адресат, ящик, аккаунт, адрес, uživatel, uzivatel, příjemce, prijemce, schránk, schrank, \
     användare, mottagare, bruger, bruker, modtager, mottaker, postkasse, felhasználó, címzett, \
     postafiók, kullanıcı, alıcı, hesap, käyttäjä, vastaanottaja, osoite, utilizator, \
     destinatar, căsuț, користувач, одержувач, χρήστης, παραλήπτης, 用户, 用戶, 收件人, 邮箱, 郵箱, 信箱, 账号, \
     帐号, 帳號, 账户, 帐户, 使用者, 地址, ユーザー, ユーザ, 受信者, 宛先, メールボックス, アドレス, 사용자, 수신자, 받는 사람, 메일함, 계정, \
     mailbox, account";

/// What is said of them if they do not exist.
pub(super) const FOREIGN_UNKNOWN: &str = "unbekannt, existiert nicht, existieren nicht, nicht existier, nicht gefunden, nicht \
     bekannt, nicht vorhanden, ungültig, ungueltig, gibt es nicht, nicht gültig, inconnu, \
     n'existe pas, n existe pas, inexistant, introuvable, invalide, n'existe plus, no existe, \
     desconocid, inexistente, no encontrad, inválid, no se encuentra, não existe, nao existe, \
     desconhecid, não encontrad, nao encontrad, non esiste, sconosciut, inesistente, non trovat, \
     non valid, bestaat niet, onbekend, niet gevonden, ongeldig, nie istnieje, nieznan, nie \
     znaleziono, nieprawidłow, не найден, не существует, неизвест, недействител, не \
     зарегистрирован, neexistuje, neznám, nenalezen, okänd, finns inte, hittades inte, ukendt, \
     ukjent, findes ikke, finnes ikke, eksisterer ikke, ismeretlen, nem létezik, nem található, \
     bulunamadı, bilinmeyen, mevcut değil, geçersiz, tuntematon, ei löydy, ei ole olemassa, nu \
     există, necunoscut, не існує, не знайдено, невідом, δεν υπάρχει, άγνωστος, не существуют, такого пользователя нет, нет такого, 不存在, 未找到, 未知, 无效, 無效, \
     找不到, 查无, 没有找到, 存在しません, 存在しない, 不明, 見つかりません, 無効, 존재하지, 알 수 없, 찾을 수 없, 없는";

/// What is said of a full one.
pub(super) const FOREIGN_FULL: &str = "_voll, überfüllt, kontingent, speicherplatz, plein, saturé, _lleno, _llena, cheia, cheio, \
     _pieno, _piena, _vol_, przepełnion, pełn, переполнен, квота, přeplněn, plná, fullt, \
     megtelt, dolu, 满, 滿, 容量, いっぱい, 가득";

/// Words for the sender in other languages.
pub(super) const FOREIGN_SENDERS: &str = "absender, expéditeur, expediteur, remitente, remetente, mittente, afzender, nadawc, \
     отправител, odesílatel, avsändar, avsender, afsender, feladó, gönderen, gönderici, \
     lähettäjä, expeditor, відправник, αποστολέα, 发件人, 寄件, 发送, 送信者, 差出人, 보낸, 발신, _ip_, ip-, \
     votre_, ihre_, ihr_, deine_, su dirección, seu_, sua_, suo_, helo, _dns_, ваш, 您的, 你的";

/// How RFC 5321 says that a mailbox cannot be used (550, 553), often followed by the reason.
pub(super) const UNAVAILABLE: &str = "mailbox unavailable, mailbox is unavailable, mailbox not available, \
     mailbox is not available, mailbox @rcpt is unavailable, mailbox name not allowed, mailbox name is invalid, \
     mailbox name invalid";
