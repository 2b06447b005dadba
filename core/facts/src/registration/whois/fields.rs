//! Meaning of keys: tables of the words that registries use.

/// The contact or object that an entry is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Role {
    /// The domain object itself.
    #[default]
    Domain,
    /// The registrar of the domain.
    Registrar,
    /// The abuse contact of the registrar.
    Abuse,
    /// The company through which the domain was registered: the registrar, or its reseller.
    Through,
    /// The registrant, i.e. the holder.
    Registrant,
    /// Any other contact, and keys that must not be mistaken for the above.
    Other,
}

/// A field of the result that an entry about the domain can set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Name,
    Created,
    Updated,
    Expires,
    Status,
    Nameserver,
    /// Whether the delegation is signed (DNSSEC).
    Signed,
    /// A DS or DNSKEY record, present only if the delegation is signed.
    Key,
}

/// Words at the start of a key or heading that determine its role. The longest match wins.
const ROLES: &[(&str, Role)] = &[
    ("registrar", Role::Registrar),
    ("sponsoring registrar", Role::Registrar),
    ("sponsoring registrar organization", Role::Registrar),
    ("current registrar", Role::Registrar),
    ("current registar", Role::Registrar),
    ("registrar of record", Role::Registrar),
    ("domain managers", Role::Registrar),
    ("domain manager", Role::Registrar),
    ("domain registrar", Role::Registrar),
    ("authorized agency", Role::Registrar),
    ("registered through", Role::Through),
    ("registered by", Role::Registrar),
    ("registrar abuse contact", Role::Abuse),
    ("registrar abuse", Role::Abuse),
    ("abuse contact", Role::Abuse),
    ("abuse contacts", Role::Abuse),
    ("registrar abuse contact details", Role::Abuse),
    ("registrar technical contacts", Role::Other),
    ("registrar technical", Role::Other),
    ("registrar contact", Role::Other),
    ("registrar contact information", Role::Other),
    ("registrar created", Role::Other),
    ("registrar handle", Role::Other),
    ("registrar domain name help center", Role::Other),
    ("registrar customer service", Role::Other),
    ("registrar id", Role::Other),
    ("registrant", Role::Registrant),
    ("registrants", Role::Registrant),
    ("registrant contact", Role::Registrant),
    ("registrant contact information", Role::Registrant),
    ("registrant contact details", Role::Registrant),
    ("registrant information", Role::Registrant),
    ("registrant details", Role::Registrant),
    ("holder", Role::Registrant),
    ("holder of domain name", Role::Registrant),
    ("domain holder", Role::Registrant),
    ("domain holder contact", Role::Registrant),
    ("domain owner", Role::Registrant),
    ("domain registrant", Role::Registrant),
    ("owner", Role::Registrant),
    ("owner contact", Role::Registrant),
    ("owner orgname", Role::Registrant),
    ("organization using domain name", Role::Registrant),
    ("registrace", Role::Registrant),
    ("titular", Role::Registrant),
    ("domain owners", Role::Registrant),
    ("registered for", Role::Registrant),
    ("registrante", Role::Registrant),
    ("contacto", Role::Other),
    ("contacto administrativo", Role::Other),
    ("contacto tecnico", Role::Other),
    ("contacto técnico", Role::Other),
    ("contacto de cobranza", Role::Other),
    ("contact administrativo", Role::Other),
    ("contact technique", Role::Other),
    ("contact administratif", Role::Other),
    ("administrativ contact", Role::Other),
    ("titulaire", Role::Registrant),
    ("owners", Role::Registrant),
    ("registrant owner", Role::Registrant),
    ("registrant type", Role::Other),
    ("registrant contact id", Role::Other),
    ("admin", Role::Other),
    ("administrative", Role::Other),
    ("administrator", Role::Other),
    ("administration", Role::Other),
    ("ac", Role::Other),
    ("tech", Role::Other),
    ("technical", Role::Other),
    ("billing", Role::Other),
    ("bill", Role::Other),
    ("zone contact", Role::Other),
    ("zone c", Role::Other),
    ("reseller", Role::Other),
    ("proxy", Role::Other),
    ("person", Role::Other),
    ("registration service provider", Role::Other),
    ("registration service provided by", Role::Other),
    ("onsite", Role::Other),
    ("on site", Role::Other),
    ("whois", Role::Other),
    ("contact information", Role::Other),
    ("公開連絡窓口", Role::Other),
    ("disclaimer", Role::Other),
    ("notice", Role::Other),
    ("sub domains", Role::Other),
];

/// Headings without a role that may lack a colon or indented lines below.
#[rustfmt::skip]
const HEADINGS: &[&str] = &[
    "domain", "domain information", "nameservers", "name servers", "nservers", "name server", "domain servers",
    "domain nameservers", "domain name servers", "domain servers in listed order", "nameserver in listed order",
    "servers", "name servers in the listed order", "servidor de nombres de dominio", "servidores de nombres",
    "name servers information", "name server information", "nameserver information", "primary name server",
    "secondary name server", "additional info", "additional information", "relevant dates", "dnssec", "keys", "flags",
    "dates", "domain name", "domain status", "status", "domain record", "registration status", "nsset", "dns servers",
    "first registration date", "registration date", "creation date",
];

/// Keys for data of the domain.
#[rustfmt::skip]
const KEYS: &[(Field, &[&str])] = &[
    (Field::Name, &["domain name", "domain", "domainname", "nom de domaine", "nombre de dominio", "dominio", "nome de domínio", "query"]),
    (Field::Created, &[
        "creation date", "reg created", "created", "created on", "create date", "created date", "date created", "created at",
        "registered", "registered on", "registration date", "registered date", "registration time", "record created",
        "domain created", "domain registered", "domain record activated", "domain registration date",
        "domain name commencement date", "commencement date", "first registration date", "domain dateregistered",
        "domain creation date", "activation date", "activated", "activation", "date registered", "domain create date",
        "created on date", "registered at", "domain registered on", "registration", "record created on",
        "registered from", "登録年月日", "fecha de registro", "fecha de creación", "fecha de creacion",
        "date de création", "data de registo", "data di creazione", "creation", "domaindateregistered",
        "domain created on", "issue date", "active since", "activated on", "fecha de activación", "fecha de activacion", "date de creation", "acivated", "registered since", "domain name created", "start date", "entry created",
    ]),
    (Field::Updated, &[
        "updated date", "last updated", "last updated on", "last modified", "modified", "changed", "last update",
        "last updated date", "updated", "updated on", "modified date", "update date", "modification date",
        "last modification", "last changed", "last changed date", "domain last updated date", "date modified",
        "domain datelastmodified", "domain record last updated", "record last updated on", "record last modified",
        "record last updated", "domain last updated", "last modified date", "last modified on", "modified on",
        "date updated", "最終更新", "dernière modification", "entry updated", "updated at",
        "domain last modified", "last updated at", "last transaction date", "ultima actualizacion", "última actualización", "ultima actualización", "última actualizacion", "fecha de actualizacion", "fecha de actualización", "fecha de última modificación",
    ]),
    (Field::Expires, &[
        "registry expiry date", "registrar registration expiration date", "expiry date", "expiration date", "expires",
        "expires on", "expire", "expire date", "expired", "expired date", "renewal date", "paid till", "valid until", "valid till",
        "validity", "expiration time", "exp date", "record expired", "domain expires", "domain expiration date",
        "domain datebilleduntil", "record will expire on", "record expires on", "registration expiration date",
        "paid until", "expiration", "expiry", "domain expires on", "valid date", "domain expiry date", "expires at",
        "registration expiry date", "有効期限", "有効限", "fecha de vencimiento", "fecha de expiración",
        "date d'expiration", "date dexpiration", "data de expiração", "registrar expiration date", "expire on",
        "record expires", "domain expire date", "expires date", "renewal", "fecha de expiracion", "expiry on",
        "domain expired on", "registered until", "fecha de corte", "date d expiration", "expire date time", "exipration date",
    ]),
    (Field::Status, &[
        "domain status", "status", "state", "epp status", "eppstatus", "registration status", "domain state",
        "query status", "domaintype", "flags", "estado", "statut", "estatus", "状態", "domain epp status",
        "domain registration status", "current status", "domain name status", "stav", "renewal status", "epp domain status", "estatus del dominio", "estado del dominio", "estado de dominio",
    ]),
    (Field::Nameserver, &[
        "name server", "name servers", "nserver", "nservers", "nameserver", "nameservers", "dns", "dns server",
        "dns servers", "domain nameservers", "domain nameserver", "domain servers", "domain server", "host name",
        "domain servers in listed order", "hostname", "ns", "primary name server", "secondary name server",
        "primary server", "secondary server", "primary nameserver", "secondary nameserver", "ns name",
        "name servers information", "name server information", "nameserver information", "domain name servers",
        "nameserver in listed order", "name server handle", "ネームサーバ", "name servers listed",
        "tertiary server", "nserver hostname", "nameserver name", "nameservers in listed order", "ns server",
        "servidor dns", "servidores dns", "domain name server", "authoritative name servers", "domain host",
        "primary dns", "secondary dns", "dns name", "fqdn", "delegated name servers", "server name", "servers", "name server name", "name servers in the listed order",
        "servidor de nombres de dominio", "servidores de nombres de dominio", "servidores de nombres", "serveurs de noms", "serveur de noms", "serveur de nom", "servidor de nombre", "dns server name", "nameserver hostname",
    ]),
    (Field::Signed, &["dnssec", "signed", "domain signed", "dnssec status", "dnssec signed", "secure dns", "delegation signed"]),
    (Field::Key, &[
        "dnskey", "ds record", "ds rdata", "dsrecord", "keyset", "ds data", "dnssec ds data", "keys", "key1 tag",
        "key 1 tag", "signing key", "署名鍵", "ds key tag", "ds", "dnssec ds record", "ds keytag", "key tag", "keytag",
        "dnssec ds", "ds recs", "key",
    ]),
];

/// Sentences with a date after fixed words instead of a colon.
const PHRASES: &[(&str, &str)] = &[
    ("record created on ", "domain created"),
    ("record expires on ", "domain expires"),
    ("record last updated on ", "domain last updated"),
    ("record will expire on ", "domain expires"),
    ("record last modified on ", "domain last updated"),
    ("domain expires on ", "domain expires"),
    ("domain created on ", "domain created"),
    ("registered on ", "domain created"),
    ("created on ", "domain created"),
    ("expires on ", "domain expires"),
];

/// The role of a key that has another meaning in one top-level domain than elsewhere, and the rest of the key.
fn role_in_dialect<'k>(key: &'k str, tld: &str) -> Option<(Option<Role>, &'k str)> {
    let after = |start: &str| key.strip_prefix(start).map(str::trim_start);
    let found = match tld {
        // Elsewhere, this is the reseller.
        "tw" => {
            let rest = after("registration service")?;
            (
                Role::Registrar,
                rest.trim_start_matches("provider").trim_start(),
            )
        }
        "tk" | "ml" | "ga" | "cf" | "gq" if key == "organisation" => (Role::Registrant, ""),
        "ie" if key == "account name" => (Role::Registrar, ""),
        // Jisc lists the person to write to below this heading.
        "uk" if key.starts_with("registrant contact") => (Role::Other, ""),
        "lt" => (Role::Registrant, after("contact ")?),
        "lu" if key.starts_with("adm ") || key.starts_with("tec ") => (Role::Other, ""),
        "lu" => (Role::Registrant, after("org ")?),
        _ => return None,
    };
    Some((Some(found.0), found.1))
}

/// The role at the start of a key, and the rest of the key.
pub(super) fn role<'k>(key: &'k str, tld: &str) -> (Option<Role>, &'k str) {
    if let Some(found) = role_in_dialect(key, tld) {
        return found;
    }

    if field(key).is_some() {
        return (None, key);
    }

    // `Titular / Registrant`: the second language is English.
    if let Some((_, english)) = key.split_once(" / ")
        && let (Some(role), rest) = self::role(english, tld)
    {
        return (Some(role), rest);
    }

    let matches = |words: &str| {
        let glued = |rest: &str| {
            words == "registrant" && matches!(rest, "organization" | "country" | "name")
        };
        key.strip_prefix(words)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(' ') || glued(rest))
    };

    let best = ROLES
        .iter()
        .filter(|(words, _)| matches(words))
        .max_by_key(|(words, _)| words.len());

    match best {
        Some((words, role)) => (Some(*role), key[words.len()..].trim_start()),
        None => (None, key),
    }
}

/// The field that a key about the domain sets. Supports keys in two languages (`a / b`) and numbered ones (`ns 1`).
pub(super) fn field(key: &str) -> Option<Field> {
    let lookup = |key: &str| {
        KEYS.iter()
            .find(|(_, words)| words.contains(&key))
            .map(|(field, _)| *field)
    };
    let bare = key.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, ' ' | '#'));
    lookup(key)
        .or_else(|| {
            if bare.len() == key.len() {
                None
            } else {
                lookup(bare)
            }
        })
        .or_else(|| {
            let mut parts = key.split('/').map(str::trim);
            let first = parts.next()?;
            parts
                .next()
                .and_then(|second| lookup(second).or_else(|| lookup(first)))
        })
}

/// Whether a key is about the domain in any section, because contacts have no such data.
pub(super) fn is_of_domain(key: &str) -> bool {
    matches!(field(key), Some(Field::Expires | Field::Nameserver)) && key != "ns" && key != "dns"
        || field(key).is_some() && key.starts_with("domain ")
}

/// Whether a key is one of the first lines of a contact.
pub(super) fn is_of_contact(key: &str) -> bool {
    const STARTS: [&str; 9] = [
        "name",
        "organi",
        "company",
        "given name",
        "first name",
        "person",
        "contact",
        "address",
        "handle",
    ];
    STARTS.iter().any(|start| key.starts_with(start))
}

/// Whether a line with only this text opens a section.
pub(super) fn is_heading(key: &str) -> bool {
    HEADINGS.contains(&key) || role(key, "").0.is_some() && key.split(' ').count() <= 4
}

/// Splits a sentence with a date into its key and the date.
pub(super) fn phrase(text: &str) -> Option<(&'static str, &str)> {
    PHRASES.iter().find_map(|(words, key)| {
        let head = text.get(..words.len())?;
        let rest = text[head.len()..].trim();
        let has_date =
            rest.starts_with(|c: char| c.is_ascii_digit()) && head.eq_ignore_ascii_case(words);
        has_date.then(|| (*key, rest.trim_end_matches('.')))
    })
}

#[cfg(test)]
mod tests;
