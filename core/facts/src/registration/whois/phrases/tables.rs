//! Phrases of registries, in lower case, by the state that they mean.

use super::RegistrationState;

/// Values of a status line that determine the state.
#[rustfmt::skip]
pub(super) const STATUSES: &[(RegistrationState, &[&str])] = &[
    (RegistrationState::Available, &[
        "free", "available", "no object found", "not registered", "not found", "no match", "unregistered",
        "domain not found", "not delegated and not registered", "no entries found", "available for registration",
        "no information available", "is free", "domain is available", "not assigned", "available for purchase",
        "not found in registry", "no data found", "no such domain", "does not exist", "not exist", "nonexistent",
        "unallocated", "not allocated", "is available for registration", "not in use", "disponible", "disponível",
    ]),
    (RegistrationState::Reserved, &[
        "reserved", "blocked", "forbidden", "prohibited", "prohibited string", "unassignable", "reserved name",
        "reserved domain name", "not allowed", "restricted", "not available for registration", "no registrable",
        "unable to register", "registry reserved", "reserveddomain", "reserved domain", "cannot be registered",
        "excluded", "withheld", "not open", "not open for registration", "unavailable", "banned", "reserved by registry",
        "reserved by the registry", "registry blocked", "blocked by registry", "dpml block", "globalblock", "policy reserved",
        "policy blocked", "can not be registered", "not available for second level registration", "reserved/blocked",
        "restricted name", "blocked name", "forbidden name", "reservado", "réservé", "unregistrable", "not registrable",
    ]),
    (RegistrationState::Throttled, &[
        "request denied", "requests denied", "throttled", "rate limited", "rate limit exceeded", "quota exceeded",
        "limit exceeded", "too many requests", "query limit exceeded", "blacklisted",
    ]),
    (RegistrationState::Unavailable, &["invalid", "failed", "error", "invalid domain", "unknown"]),
];

/// Prefixes of answer lines, in lower case, without comment marks.
#[rustfmt::skip]
pub(super) const STARTS: &[(RegistrationState, &[&str])] = &[
    (RegistrationState::Available, &[
        "no match", "not found", "no entries found", "no entry found", "no data found", "no object found",
        "no such domain", "no records matching", "no matching record", "no matching objects", "no information available",
        "nothing found", "no found", "domain not found", "domain name not found", "object does not exist",
        "object not found", "object_not_found", "error:101: no entries found", "error:101:", "no data was found",
        "no domain records were found", "no records found", "no record found", "status: free", "status: available",
        "we do not have an entry in our database matching", "above domain name is not registered",
        "the domain has not been registered", "this domain name has not been registered", "domain unknown",
        "the queried object does not exist", "the requested domain was not found", "this query returned 0 objects",
        "domain is not registered", "domain name is not registered", "domain is available",
        "domain not registered", "no_se_encontro_el_objeto", "the domain you requested is not known",
        "invalid query or domain name not known", "el dominio no se encuentra registrado", "requested domain not found",
        "domain status: no object found", "domain status: available", "domain status: free", "domain does not exist",
        "not find matchingrecord", "nincs talalat", "no existe el dominio", "domain is free",
        "this domain is available", "this domain is not registered", "no domains found", "null object",
        "no domain found", "no whois information found", "no whois record found", "no registration record",
        "domain name does not exist", "registration status: available", "220 available", "no results found",
        "query_status: 220 available", "the domain name you requested is available", "nic.es no match",
        "no objects found", "the domain does not exist", "domain status: not registered", "status: not registered",
        "the domain name you have requested is not registered", "no se encontro", "domain information not found",
        "error:101: no objects found", "dominio no encontrado", "el dominio no existe", "no valid whois data",
        "key not found", "data not found", "domain name is available", "this domain name is available", "no records match",
        "no matches", "no matching domain", "the domain is available", "unallocated resource", "unallocated and unassigned",
        "address not allocated", "this ip space is not allocated", "no such resource", "no network found",
        "domain name is not known", "domain name not registered", "the requested domain is available",
        "the domain name is not registered", "the domain name is available", "the domain is not registered",
        "no such object", "no entries were found", "no data for", "no whois data", "no information found",
    ]),
    (RegistrationState::Reserved, &[
        "this name is reserved", "this domain is reserved", "domain reserved", "the domain is reserved",
        "reserved domain name", "reserved by", "this domain name is reserved", "the name is reserved",
        "domain status: reserved", "status: reserved", "domain not available", "the registration of this domain is restricted",
        "this name is not available for registration", "this domain cannot be registered", "domain blocked",
        "domain cannot be registered", "the domain name you apply can not be registered online",
        "this domain name can not be registered", "this domain is not available for registration",
        "domain is not available for registration", "the domain is blocked", "domain name is reserved",
        "name is reserved", "the requested domain is restricted", "the domain has been reserved", "forbidden name",
        "name reserved", "this platinum domain", "premium domain is reserved", "domain is reserved", "prohibited string",
        "has usage restrictions applied", "domain is prohibited", "domain name is prohibited", "registry reserved",
        "the domain name is reserved", "this name is blocked", "this domain is blocked", "dominio reservado",
        "the domain you requested is in the reserved list", "the domain you want to register is reserved",
        "domain not available for second level registration", "not available for second level registration",
        "the registration of this name is restricted", "this domain name is restricted", "this name is restricted",
        "the requested domain name is restricted", "this domain name is blocked", "the domain name is blocked",
        "this domain has been reserved", "this name has been reserved", "this domain name has been reserved",
        "this domain has been blocked", "this domain name has been blocked", "this name has been blocked",
        "this domain name cannot be registered", "the domain name cannot be registered", "the domain cannot be registered",
        "this name cannot be registered", "this domain can not be registered", "the domain can not be registered",
        "the requested domain cannot be registered", "the requested domain name cannot be registered",
        "this domain is not open for registration", "this domain name is not available for registration",
        "the domain name is not available for registration", "the domain is not available for registration",
        "this domain name is prohibited", "this domain is prohibited", "the domain is prohibited",
        "the domain name is prohibited", "domain is in the stop list", "domain in stop list", "object is in stop list",
        "this is a reserved name", "this is a reserved domain", "blocked by a brand protection", "reserved:", "reserved for",
        "the queried domain is reserved", "the requested name is reserved", "the requested domain is reserved",
        "domain name blocked", "domain name reserved", "name blocked", "domain is blocked", "domain name is blocked",
    ]),
    (RegistrationState::Unavailable, &[
        "internal error", "service unavailable", "temporarily unavailable", "service temporarily", "server error",
        "requests of this client are not permitted", "access denied", "invalid query", "invalid domain", "invalid input",
        "invalid request", "malformed request", "error: invalid", "this tld has no whois", "tld is not supported",
        "system error",
    ]),
];

/// Answers that are a whole line. As a prefix they could be prose (`available to ...`).
#[rustfmt::skip]
pub(super) const WHOLE: &[(RegistrationState, &[&str])] = &[
    (RegistrationState::Available, &["available", "not registered", "free", "nodata", "domain available", "unregistered"]),
    (RegistrationState::Reserved, &["reserved", "blocked", "prohibited", "reserved name", "forbidden", "reserved/blocked"]),
];

/// Suffixes of short answer lines, such as `"example.test" is free`.
#[rustfmt::skip]
pub(super) const ENDS: &[(RegistrationState, &[&str])] = &[
    (RegistrationState::Available, &[
        " not found", " is free", " was not found", " is available", " is available for registration",
        " is available for purchase", " is not registered", " does not exist", " does not exist in database",
        " not found in database", " no match", " has not been registered", ": no entries found", " not registered",
        " not registered yet", " does not exist in database!", " is not registered in our database", " no existe",
        " not exist in database", " is not registered here", " not found in our database", " status: available",
        " - available", " is available for registration at a registrar", " is unregistered",
        " has no matches", " - no match", " not exist", ": available", ": free", " is not found", " is not yet registered",
        " does not appear to be registered", " is not a registered domain", ": not registered", ": not found",
        " is not delegated", " not registry", " not found!", " is not registered in the registry",
    ]),
    (RegistrationState::Reserved, &[
        " is reserved", " reserved by the registry", " cannot be registered", " can not be registered",
        " is not available for registration", " is blocked", " is prohibited", " reserved by registry",
        " is not available", " is restricted", " not allowed for registration", " reserved for future use",
        " reserved by nic", " has been reserved", " is a reserved name", " reserved name", " is a prohibited name",
        " is not allowed", " not available for registration", " is restricted by the registry",
    ]),
    (RegistrationState::Unavailable, &[" is not valid", " can temporarily not be answered", " can temporarily not be answered. please try again"]),
];
