//! Reads short answers without a known phrase: words for "not found" and "reserved" in many languages.

use super::{RegistrationState, answer_lines, bare};

/// Words for a name that cannot be registered, in lower case.
#[rustfmt::skip]
const RESERVED: &[&str] = &[
    "is reserved", "been reserved", "name reserved", "domain reserved", "reserved name", "reserved domain", "reserved by", "reserved for", "reserved list", "reserved word", "on reserve",
    "are reserved", "cannot be registered", "can't be registered", "can not be registered", "may not be registered", "could not be registered", "not be registered",
    "not available for", "unavailable for registration", "not allowed to be registered", "not allowed for", "not open for registration",
    "name is not allowed", "domain is not allowed", "is prohibited", "prohibited name", "prohibited list", "is blocked", "been blocked", "domain blocked", "name blocked",
    "blocked by", "block service", "blocking service", "is restricted", "name restricted", "is forbidden", "forbidden name", "stop list", "stop-list", "stoplist", "blocklist", "blacklisted domain",
    "name collision", "dpml", "globalblock", "brand protection", "is not eligible", "not possible to register", "not registrable", "unregistrable",
    "registration is not possible", "withheld from registration", "prior review", "examen préalable", "contains a prohibited", "name is not permitted", "domain is not permitted", "registration is not permitted", "registration of this name is not", "registration of this domain is not",
    "not permitted for registration", "closed for", "is protected by", "domain is unavailable", "name is unavailable", "not available to register", "excluded from registration", "is excluded",
    "no disponible", "no está disponible", "reservado", "reservada", "não disponível", "réservé", "non disponible", "n'est pas disponible", "reserviert", "gesperrt", "nicht registrierbar", "riservato",
    "non assegnabile", "gereserveerd", "zarezerwowan", "zastrzeżon", "rezervov", "vyhrazen", "rezervisan", "rezerviran", "rezervat", "rezervált", "fenntartott", "зарезервирован", "зарезервован", "заблокирован",
    "запрещен", "запазен", "rezerve", "yasaklı", "tahsise kapalı", "varattu", "reserverad", "reserveret", "reservert", "frátekið", "rezervuot", "rezervēt", "reserveeritud", "δεσμευμένο",
    "保留", "予約", "预留", "預留", "禁止注册", "등록이 제한", "등록할 수 없", "예약", "dicadangkan", "được bảo vệ",
];
/// Words for a name that is not registered.
#[rustfmt::skip]
const AVAILABLE: &[&str] = &[
    "not found", "no match", "no entries", "no entry", "no data", "no record", "no object", "no result", "not registered", "not been registered", "not yet registered", "isn't registered", "does not exist",
    "doesn't exist", "not exist", "is free", "available for registration", "available for purchase", "is available", "can be registered", "no such", "unknown domain", "domain unknown", "nothing found", "unregistered",
    "not in use", "not assigned", "not delegated", "unallocated", "not allocated", "nonexistent", "non-existent", "not in our database", "not in the database", "not in database", "no information about", "no registration", "not known", "no domain", "could not be found", "cannot be found", "can not be found", "couldn't find", "could not find", "is not in the registry", "is not in our", "is not taken", "no details", "0 objects", "0 results", "0 records", "no whois record", "no whois data", "no whois information",
    "available: yes", "availability: available", "available: true", "registered: no", "registered: false", ": available", ": free", "open for registration", "unassigned", "does not match any",
    "aucun enregistrement", "aucune donnée", "aucun résultat", "aucune correspondance", "n'existe pas", "non trouvé", "pas trouvé", "introuvable", "non enregistré", "pas enregistré", "est disponible", "est libre",
    "no existe", "no encontrado", "no se encontr", "no está registrado", "no esta registrado", "no se encuentra registrado", "no registrado", "está disponible", "esta disponible", "encuentra disponible", "sin resultados", "no hay resultados",
    "não encontrado", "nao encontrado", "não existe", "nao existe", "não registado", "não registrado", "não está registado", "está disponível", "disponível para registro", "nenhum registro", "nenhum resultado",
    "nicht registriert", "nicht gefunden", "ist frei", "existiert nicht", "nicht vorhanden", "kein eintrag", "keine einträge", "keine daten", "ist verfügbar", "nicht vergeben",
    "non trovato", "non esiste", "non registrato", "è disponibile", "nessun risultato", "niet gevonden", "is vrij", "niet geregistreerd", "is beschikbaar", "bestaat niet",
    "nie znaleziono", "nie istnieje", "nie jest zarejestrowan", "brak danych", "brak wyników", "jest wolna", "nenalezen", "nebyl nalezen", "nebyla nalezena", "neexistuje", "je volná", "žádné záznamy", "nenájden", "nebol nájden", "nie je registrovan", "není registrován",
    "nincs találat", "nem található", "nincs ilyen", "nem regisztrált", "nu a fost găsit", "nu exista", "nu există", "nu este înregistrat", "nije pronađen", "nije pronadjen", "ne postoji", "nije registr", "ni najden", "ni registriran", "je prosta", "je slobodan", "slobodna je",
    "не найден", "не зарегистрирован", "свободен", "не существует", "нет данных", "не знайден", "не зареєстрован", "вільний", "не існує", "доступен для регистрации", "не е регистриран", "не е намерен", "свободен", "свободно", "не постои", "не постоји", "није регистрован", "није пронађен",
    "bulunamadı", "kayıtlı değil", "tahsisli değil", "tahsis edilmemiş", "hittades inte", "finns inte", "inte registrerad", "är ledig", "ikke funnet", "ikke registrert", "ikke registreret", "ikke fundet", "findes ikke", "finnes ikke", "er ledig",
    "ei löytynyt", "ei löydy", "ei ole rekisteröity", "on vapaa", "ekki skráð", "fannst ekki", "nerasta", "nerastas", "laisvas", "neužregistruot", "nav atrast", "nav reģistrēt", "ir brīvs", "ei leitud", "on vaba", "pole registreeritud", "δεν βρέθηκε", "δεν υπάρχει",
    "未注册", "未找到", "没有找到", "未被注册", "无匹配", "不存在", "可以注册", "可註冊", "查無", "未註冊", "找不到", "沒有找到", "見つかりません", "見つかりませんでした", "該当するデータがありません", "該当するドメイン名", "登録されていません", "未登録",
    "등록되어 있지 않", "등록되지 않", "찾을 수 없", "결과가 없", "không tìm thấy", "chưa được đăng ký", "không tồn tại", "tidak ditemukan", "belum terdaftar", "tidak terdaftar", "tersedia untuk", "tidak dijumpai", "belum didaftarkan",
    "غير مسجل", "غير موجود", "لا توجد", "یافت نشد", "לא נמצא", "אינו רשום", "ไม่พบ", "ยังไม่ได้จดทะเบียน", "գրանցված չէ", "ვერ მოიძებნა", "топилмади", "topilmadi", "табылмады", "табылған жоқ",
];
/// Words of lines that are no answer: explanations, and failures of the server.
#[rustfmt::skip]
const OTHER: &[&str] = &[
    "whether", "if the", "if a ", "if you", "please check", "to check", "rights reserved", "reserves the right", "http://", "https://", "www.", "available at", "available on", "available from", "available via", "available in",
    "available through", "available under", "available to", "server", "service", "tld not", "top level domain not", "top-level domain not", "not supported", "no whois server", "invalid", "command not found", "host not found", "timeout",
    "this information", "registrant not", "provided",
];
/// Longest line that is read, in bytes.
const MAX_LINE: usize = 160;

/// The state from the words of a short text without registration data.
pub(super) fn state(text: &str, query: &str) -> Option<RegistrationState> {
    let name = query.to_lowercase();
    let without_name = |line: String| match name.as_str() {
        "" => line,
        name => line.replace(name, "the name"),
    };
    let lines: Vec<String> = answer_lines(text)?
        .into_iter()
        .map(|line| without_name(bare(line).to_lowercase()))
        .filter(|line| line.len() <= MAX_LINE && !has(line, OTHER))
        .collect();
    let any = |words| lines.iter().any(|line| has(line, words));
    if any(RESERVED) {
        Some(RegistrationState::Reserved)
    } else {
        any(AVAILABLE).then_some(RegistrationState::Available)
    }
}

fn has(line: &str, words: &[&str]) -> bool {
    words.iter().any(|word| line.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_short_answers_in_many_languages() {
        for (text, expected) in [
            ("Key not found\n", Some(RegistrationState::Available)),
            (
                "Nincs találat / No match\n",
                Some(RegistrationState::Available),
            ),
            ("Домен не найден.\n", Some(RegistrationState::Available)),
            (
                "Le domaine n'existe pas\n",
                Some(RegistrationState::Available),
            ),
            ("该域名未注册\n", Some(RegistrationState::Available)),
            (
                "Die Domain ist gesperrt\n",
                Some(RegistrationState::Reserved),
            ),
            (
                "El dominio no está disponible para ser registrado\n",
                Some(RegistrationState::Reserved),
            ),
            (
                "The name not-found.test is protected by a DPML block\n",
                Some(RegistrationState::Reserved),
            ),
            ("No whois server is known for this kind of object.\n", None),
            (
                "More information is available at https://registry.example\n",
                None,
            ),
            ("% All rights reserved\n", None),
            ("", None),
        ] {
            assert_eq!(state(text, "example.test"), expected, "{text}");
        }
        let long = format!("{}Key not found\n", "prose\n".repeat(20));
        assert_eq!(state(&long, "example.test"), None);
    }
}
