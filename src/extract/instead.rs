//! A page to whether something stands in place of its story: a wall that asks for consent, or a check for robots.
//!
//! Most pages carry a consent banner beside their story, and some stories are about cookies. So words alone decide nothing:
//! what was found as the text has to be a notice itself, the page has to speak of consent in the first person more than once,
//! and it has to offer the choice, or to call itself a consent page.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use dom_query::Document;
use url::Url;

use super::render::{self, Block};

/// What stands in place of the story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Instead {
    /// A consent wall.
    Consent,
    /// A check whether a person asks.
    Check,
}

impl Instead {
    /// The note that goes with the page.
    pub(crate) const fn note(self) -> &'static str {
        match self {
            Self::Consent => "a consent wall stands in place of the story",
            Self::Check => "a check for robots stands in place of the story",
        }
    }
}

/// What was found of the page so far.
pub(crate) struct Seen<'a> {
    pub(crate) url: Option<&'a Url>,
    pub(crate) html: &'a str,
    pub(crate) titles: &'a [String],
    pub(crate) text: Weighed,
}

/// The characters of what was found as the text, before furniture is cut: that takes notices out of stories.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weighed {
    /// Of lines that ask for consent.
    notice: usize,
    /// Of lines that may be a story's.
    story: usize,
}

impl Weighed {
    pub(crate) fn of(blocks: &[Block]) -> Self {
        Self::of_lines(blocks.iter().map(|block| block.text.as_str()))
    }

    /// Lines are looked at until there is a story, which most pages have after a few paragraphs.
    fn of_lines<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let (mut notice, mut story) = (0, 0);
        for line in lines.map(lower) {
            let chars = line.chars().count();
            // A line of Chinese or Japanese says the same in a third of the characters.
            let wide = line.chars().filter(|&c| c >= '\u{2E80}').count();
            if NOTICES.any(&line) {
                notice += chars;
            } else if chars + 2 * wide >= LINE_CHARS_MIN {
                story += chars;
            }
            if story >= STORY_CHARS_MIN {
                break;
            }
        }
        Self { notice, story }
    }
}

/// A story of more characters is one, whatever else the page says. Walls have some hundred beside their notice.
const STORY_CHARS_MIN: usize = 1_500;
/// Shorter lines are labels and buttons, in characters.
const LINE_CHARS_MIN: usize = 40;
/// A check for robots says little more than that, in characters.
const CHECK_CHARS_MAX: usize = 1_500;
/// Phrases of consent on a wall: one is a link in a page's foot.
const PHRASES_MIN: usize = 2;

/// What stands in place of the story, if anything.
pub(crate) fn instead(seen: &Seen<'_>) -> Option<Instead> {
    if seen.text.story >= STORY_CHARS_MIN {
        return None;
    }
    // The page has lost its dialogs and forms by now, and here they are what it is about.
    let doc = Document::from(seen.html);
    let lines: Vec<String> =
        render::blocks(&doc.root()).iter().map(|block| lower(&block.text)).collect();
    let titles: Vec<String> = seen.titles.iter().map(|title| lower(title)).collect();
    if is_consent(seen, &lines, &titles) {
        return Some(Instead::Consent);
    }
    is_check(&lines, &titles, seen.text.story).then_some(Instead::Check)
}

fn is_consent(seen: &Seen<'_>, lines: &[String], titles: &[String]) -> bool {
    let phrases: BTreeSet<&str> = lines.iter().flat_map(|line| NOTICES.find(line)).collect();
    if !phrases.is_empty() && seen.url.is_some_and(is_consent_address) {
        return true;
    }
    // Where no text was found, the page as a whole has to be a notice.
    let Weighed { notice, story } = seen.text;
    let whole = || {
        let Weighed { notice, story } = Weighed::of_lines(lines.iter().map(String::as_str));
        story <= notice
    };
    if story > notice || (notice == 0 && !whole()) {
        return false;
    }
    let named = TITLES.iter().any(|words| titles.iter().any(|title| title.contains(words)));
    let any = |words: &Phrases| lines.iter().any(|line| words.any(line));
    (named && !phrases.is_empty()) || (phrases.len() >= PHRASES_MIN && any(&ACCEPTS) && any(&ELSES))
}

fn is_check(lines: &[String], titles: &[String], story: usize) -> bool {
    let all: usize = lines.iter().map(|line| line.chars().count()).sum();
    if all > CHECK_CHARS_MAX {
        return false;
    }
    let said =
        |lines: &[String]| CHECKS.iter().any(|words| lines.iter().any(|line| line.contains(words)));
    let titled = CHECK_TITLES.iter().any(|words| titles.iter().any(|title| title == words));
    said(lines) && (titled || said(titles) || story < LINE_CHARS_MIN * 8)
        || (titled && story < LINE_CHARS_MIN * 4)
}

/// Phrases by their first two bytes: a line is gone through once, not once for each of hundreds.
struct Phrases(BTreeMap<[u8; 2], Vec<&'static str>>);

static NOTICES: LazyLock<Phrases> = LazyLock::new(|| Phrases::of(NOTICE));
static ACCEPTS: LazyLock<Phrases> = LazyLock::new(|| Phrases::of(ACCEPT));
static ELSES: LazyLock<Phrases> = LazyLock::new(|| Phrases::of(ELSE));

impl Phrases {
    fn of(phrases: &[&'static str]) -> Self {
        let mut by_start: BTreeMap<[u8; 2], Vec<&'static str>> = BTreeMap::new();
        for phrase in phrases {
            if let [first, second, ..] = *phrase.as_bytes() {
                by_start.entry([first, second]).or_default().push(phrase);
            }
        }
        Self(by_start)
    }

    /// The phrases in a line, in its order.
    fn find<'a>(&'a self, line: &'a str) -> impl Iterator<Item = &'static str> + 'a {
        let bytes = line.as_bytes();
        bytes.windows(2).enumerate().flat_map(move |(at, two)| {
            let begin = self.0.get(two).into_iter().flatten();
            begin.filter(move |phrase| bytes[at..].starts_with(phrase.as_bytes())).copied()
        })
    }

    fn any(&self, line: &str) -> bool {
        self.find(line).next().is_some()
    }
}

/// `consent.herald.test`, `herald.test/privacy-gate?continue=…`.
fn is_consent_address(url: &Url) -> bool {
    const HOSTS: &[&str] = &["consent", "guce", "myprivacy", "cookiewall", "consentmanager"];
    const PATHS: &[&str] = &[
        "consent",
        "collectconsent",
        "privacy-gate",
        "privacygate",
        "cookiewall",
        "cookie-wall",
        "cookie-consent",
        "cookieconsent",
        "cookies-wall",
        "gdpr",
        "zustimmung",
        "einwilligung",
    ];
    let first = url.host_str().and_then(|host| host.split('.').next()).unwrap_or_default();
    let path = url.path().to_ascii_lowercase();
    let named = |segment: &str| {
        let stem = segment.split('.').next().unwrap_or(segment);
        PATHS.contains(&stem)
    };
    HOSTS.contains(&first) || path.split('/').any(named)
}

/// Lower case with straight apostrophes and plain spaces, as the tables are written.
fn lower(line: &str) -> String {
    line.to_lowercase().replace(['’', '‘'], "'").replace('\u{a0}', " ")
}

/// Words of a page that speaks of its reader's consent.
#[rustfmt::skip]
const NOTICE: &[&str] = &[
    // English
    "we use cookies", "uses cookies", "use of cookies", "we and our partners", "our partners use", "our partners process", "partners store and", "access information on a device", "information on a device",
    "personalised ads", "personalized ads", "personalised content", "personalized content", "personalised advertising", "personalized advertising", "your consent", "withdraw consent", "cookie policy", "cookie settings", "cookie preferences", "privacy policy", "privacy settings",
    "choose to \"accept", "choose to 'accept", "choose to “accept", "choose to \"reject", "choose to 'reject", "choose to “reject", "click \"accept", "click 'accept", "click “accept", "select accept", "by clicking \"accept", "with ads and tracking", "accept cookies", "manage your choices", "change your choices", "your choices at any time", "iab europe", "transparency and consent framework",
    // German
    "wir verwenden cookies", "verwenden wir cookies", "wir nutzen cookies", "nutzen wir cookies", "einsatz von cookies", "wir und unsere partner", "unsere partner", "informationen auf einem gerät", "auf ihrem gerät", "personalisierte anzeigen", "personalisierte werbung", "ihre einwilligung", "ihrer einwilligung", "datenschutzerklärung",
    "mit werbung und tracking", "mit werbung und cookies", "werbung und tracking", "werbetracking", "ohne tracking", "privacy center", "cookie-einstellungen", "datenschutzeinstellungen", "privatsphäre-einstellungen",
    // French
    "nous utilisons des cookies", "utilisons des cookies", "utilisation de cookies", "utilisation des cookies", "dépôt de cookies", "dépôt des cookies", "nos partenaires", "cookies ou technologies", "informations sur un appareil", "informations sur un terminal", "publicités personnalisées", "publicité personnalisée", "contenu personnalisé", "votre consentement", "vos choix", "politique de confidentialité", "politique de cookies", "refuser les cookies", "refusé les cookies", "accepter les cookies", "continuer sans accepter",
    // Spanish, Portuguese, Catalan
    "utilizamos cookies", "usamos cookies", "uso de cookies", "nuestros socios", "información en un dispositivo", "anuncios personalizados", "publicidad personalizada", "contenido personalizado", "su consentimiento", "tu consentimiento", "política de cookies", "política de privacidad", "aceptar las cookies", "rechazar las cookies", "configurar cookies",
    "nossos parceiros", "os nossos parceiros", "informações num dispositivo", "informações em um dispositivo", "anúncios personalizados", "o seu consentimento", "seu consentimento", "política de privacidade",
    // Italian
    "utilizziamo cookie", "utilizziamo i cookie", "uso dei cookie", "utilizzo dei cookie", "cookie o tecnologie simili", "i nostri partner", "nostri partner", "informazioni su un dispositivo", "annunci personalizzati", "pubblicità personalizzata", "contenuti personalizzati", "il tuo consenso", "prestare il consenso", "revocare il consenso", "cookie policy", "informativa sulla privacy", "preferenze sui cookie", "installazione dei cookie",
    // Dutch
    "wij gebruiken cookies", "we gebruiken cookies", "gebruiken cookies", "gebruik van cookies", "onze partners", "informatie op een apparaat", "gepersonaliseerde advertenties", "uw toestemming", "jouw toestemming", "je toestemming", "cookiebeleid", "privacybeleid", "cookies plaatsen", "cookie-instellingen",
    // Scandinavian and Finnish
    "vi bruker informasjonskapsler", "bruk av informasjonskapsler", "vi använder cookies", "vi använder kakor", "användning av cookies", "vi bruger cookies", "brug af cookies", "våre partnere", "våra partner", "vores partnere", "personaliserte annonser", "tilpassede annonser", "anpassade annonser", "ditt samtykke", "ditt samtycke", "dit samtykke", "käytämme evästeitä", "evästeiden", "kumppanimme", "suostumuksesi",
    // Polish, Czech, Hungarian, Romanian
    "pliki cookies", "plików cookie", "pliki cookie", "używamy cookies", "zaufani partnerzy", "zaufanych partnerów", "nasi partnerzy", "twoich danych", "swoich danych", "spersonalizowan", "wyrażasz zgodę", "polityka prywatności", "polityce prywatności", "używáme cookies", "soubory cookie", "souborů cookie", "naši partneři", "váš souhlas", "a sütik", "sütiket", "az ön hozzájárul", "folosim cookie", "partenerii noștri", "consimțământul",
    // Greek, Turkish, Russian, Ukrainian
    "χρησιμοποιούμε cookies", "χρήση cookies", "οι συνεργάτες μας", "συγκατάθεσή σας", "çerezler", "çerez politikası", "kişisel verilerinizi", "açık rızanız", "файлы cookie", "файлов cookie", "использует cookie", "используем cookie", "использование cookie", "обработку персональных данных", "обробку персональних даних", "политикой конфиденциальности", "политике конфиденциальности", "политика конфиденциальности", "файли cookie", "файлів cookie",
    // Japanese, Korean, Chinese, Arabic
    "クッキーを使用", "当社とパートナー", "cookieを使用", "cookie を使用", "プライバシーポリシー", "個人データの利用", "쿠키를", "쿠키 사용", "개인정보 처리방침", "使用cookie", "使用 cookie", "的 cookie", "隐私政策", "隱私權政策", "個人化廣告", "个性化广告", "ملفات تعريف الارتباط", "سياسة الخصوصية", "الكوكيز",
];

/// What consent pages are called.
#[rustfmt::skip]
const TITLES: &[&str] = &[
    "before you continue", "your privacy choices", "your privacy, your choice", "we value your privacy", "we care about your privacy", "your privacy is important", "privacy gate", "cookie consent", "cookie wall", "cookiewall", "consent required", "is part of the yahoo family of brands",
    "bevor sie fortfahren", "bevor du fortfährst", "ihre privatsphäre", "wir respektieren ihre privatsphäre", "wir schätzen ihre privatsphäre", "zustimmung erforderlich", "ihre entscheidung zu cookies",
    "avant de continuer", "avant d'accéder", "votre vie privée", "respectons votre vie privée", "respect de votre vie privée", "gestion des cookies",
    "antes de continuar", "antes de ir a", "valoramos su privacidad", "valoramos tu privacidad", "tu privacidad es importante", "su privacidad", "a sua privacidade", "sua privacidade", "valorizamos a sua privacidade",
    "prima di continuare", "prima di proseguire", "la tua privacy", "teniamo alla tua privacy", "rispettiamo la tua privacy", "voordat je verdergaat", "voordat u verdergaat", "uw privacy", "jouw privacy", "wij geven om uw privacy", "før du fortsetter", "før du fortsætter", "innan du fortsätter", "personvernet ditt", "din integritet", "dit privatliv", "ennen kuin jatkat", "yksityisyytesi",
    "zanim przejdziesz", "twoja prywatność", "twojej prywatności", "szanujemy twoją prywatność", "dbamy o twoją prywatność", "než budete pokračovat", "vaše soukromí", "vážíme si vašeho soukromí", "az ön adatainak", "înainte de a continua",
    "πριν συνεχίσετε", "το απόρρητό σας", "devam etmeden önce", "gizliliğinize", "прежде чем продолжить", "перш ніж продовжити", "続行する前に", "ご利用になる前に", "계속하기 전에", "在继续之前", "在您继续", "繼續之前", "قبل المتابعة",
];

/// How consent is given.
#[rustfmt::skip]
const ACCEPT: &[&str] = &[
    "accept all", "accept and continue", "accept & continue", "accept cookies", "agree and continue", "i accept", "i agree", "agree to all", "allow all", "yes, i agree", "got it",
    "alle akzeptieren", "akzeptieren und weiter", "zustimmen und weiter", "alle cookies akzeptieren", "ich stimme zu", "einwilligen und weiter", "alles akzeptieren", "zustimmen",
    "tout accepter", "accepter et continuer", "accepter et fermer", "j'accepte", "accepter les cookies",
    "aceptar todo", "aceptar y continuar", "aceptar todas", "aceptar cookies", "aceptar las cookies", "acepto", "aceitar tudo", "aceitar e continuar", "aceitar todos", "concordo",
    "accetta tutto", "accetta e continua", "accetta tutti", "accetto", "accetta i cookie", "alles accepteren", "alle cookies accepteren", "accepteren", "akkoord", "godta alle", "godkänn alla", "acceptera alla", "accepter alle", "tillad alle", "hyväksy kaikki",
    "zaakceptuj wszystko", "akceptuję", "zgadzam się", "przejdź do serwisu", "přijmout vše", "souhlasím", "összes elfogadása", "elfogadom", "acceptă tot", "accept toate", "αποδοχή", "συμφωνώ", "tümünü kabul et", "kabul et", "принять все", "принять", "прийняти",
    "すべて同意", "すべて許可", "同意する", "同意して", "모두 수락", "모두 동의", "全部接受", "全部同意", "接受所有", "قبول الكل", "موافق",
];

/// What can be done instead of giving it: refuse, choose, or pay.
#[rustfmt::skip]
const ELSE: &[&str] = &[
    "reject all", "reject", "decline", "manage settings", "manage options", "manage preferences", "manage choices", "manage cookies", "more options", "learn more", "customise", "customize", "cookie settings", "privacy settings", "do not sell", "subscribe", "without ads", "ad-free", "log in",
    "alle ablehnen", "ablehnen", "einstellungen", "mehr optionen", "privacy center", "abonnieren", "abonnent", "jetzt abonnieren", "werbefrei", "pur-abo", " pur ", "ohne werbung", "anpassen",
    "tout refuser", "refuser", "paramétrer", "personnaliser", "gérer", "en savoir plus", "s'abonner", "abonnez", "sans accepter", "plus d'options",
    "rechazar", "configurar", "gestionar", "más opciones", "suscr", "pagar y rechazar", "rejeitar", "recusar", "gerir", "gerenciar", "mais opções", "subscrever", "assin",
    "rifiuta", "personalizza", "gestisci", "maggiori opzioni", "abbonati", "scopri di più", "preferenze", "alles weigeren", "weigeren", "instellen", "instellingen", "aanpassen", "meer informatie", "abonneren", "avvis", "avvisa", "avslå", "tilpass", "anpassa", "inställningar", "afvis", "indstillinger", "hylkää", "asetukset",
    "odrzuć", "ustawienia", "zaawansowane", "nie zgadzam", "odmítnout", "nastavení", "elutasít", "beállítás", "respinge", "setări", "απόρριψη", "ρυθμίσεις", "reddet", "ayarlar", "отклонить", "настройки", "настроить", "відхилити", "налаштування",
    "拒否", "設定", "同意しない", "모두 거부", "거부", "설정", "拒绝", "拒絕", "设置", "رفض", "الإعدادات",
];

/// Titles of checks for robots, whole.
#[rustfmt::skip]
const CHECK_TITLES: &[&str] = &[
    "just a moment...", "just a moment…", "attention required! | cloudflare", "attention required!", "access denied", "pardon our interruption", "are you a robot?", "robot check", "security check", "bot verification", "human verification", "ddos-guard", "please wait...", "einen moment bitte...", "un momento…", "un instant…",
];

/// What such checks say.
#[rustfmt::skip]
const CHECKS: &[&str] = &[
    "verify you are human", "verify that you are human", "verifying you are human", "verify you are not a robot", "verify that you're not a robot", "confirm you are human", "prove you're not a robot", "prove that you are human", "are you a robot", "i'm not a robot", "you're not a robot", "you are not a robot", "checking your browser", "checking if the site connection is secure", "needs to review the security of your connection", "enable javascript and cookies to continue", "unusual traffic from your", "unusual activity from your", "something about your browser made us think you were a bot", "think you were a bot",
    "you don't have permission to access", "access to this page has been denied", "please complete the security check", "ddos protection by", "press & hold", "solve the captcha", "enter the characters you see",
    "sicherheitsüberprüfung", "sind sie ein mensch", "dass sie kein roboter sind", "ich bin kein roboter", "vérifiez que vous êtes humain", "que vous n'êtes pas un robot", "je ne suis pas un robot", "verifique que es un ser humano", "que no eres un robot", "no soy un robot", "verifica che sei un essere umano", "non sono un robot", "ik ben geen robot", "potwierdź, że jesteś człowiekiem", "nie jestem robotem", "подтвердите, что вы не робот", "я не робот", "私はロボットではありません", "我不是机器人", "로봇이 아닙니다",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_found_wherever_a_line_has_them() {
        let found = |line: &str| NOTICES.find(line).collect::<Vec<_>>();
        assert_eq!(
            found("we use cookies, and our partners use them"),
            ["we use cookies", "our partners use"]
        );
        assert_eq!(found("x"), [""; 0]);
        assert_eq!(
            found("当社とパートナーは、クッキーを使用して"),
            ["当社とパートナー", "クッキーを使用"]
        );
        for table in [NOTICE, ACCEPT, ELSE, TITLES, CHECKS] {
            for phrase in table {
                assert_eq!(*phrase, lower(phrase), "compared with lines in lower case");
                assert!(phrase.len() >= 2);
            }
        }
    }

    #[test]
    fn news_that_uses_such_words_is_no_notice() {
        for line in [
            "Die Grünen gaben ihre Zustimmung erst nach Mitternacht, die Erlaubnis kann nicht widerrufen werden.",
            "The minister said that Norland had a legitimate interest in the harbour.",
            "Il presidente ha cercato il consenso dei partiti fino a notte fonda.",
            "Rząd wyraził zgodę na budowę nowego portu, choć wyciekły dane osobowe.",
            "Политик призвал принять закон, который парламент хотел отклонить.",
            "A kormány hozzájárult a kikötő bővítéséhez.",
            "彼は長年のパートナーと共に港を訪れた。",
        ] {
            let found: Vec<_> = NOTICES.find(&lower(line)).collect();
            assert!(found.is_empty(), "{line}: {found:?}");
        }
    }

    #[test]
    fn a_consent_page_is_known_by_its_address() {
        for (url, expected) in [
            ("https://consent.herald.test/v2/collectConsent?sessionId=1", true),
            ("https://www.herald.test/privacy-gate?redirectUri=%2Fa", true),
            ("https://www.herald.test/cookiewall.html", true),
            ("https://www.herald.test/world/consent-given-to-harbour", false),
            ("https://privacy.news.test/2016/harbour", false),
        ] {
            assert_eq!(is_consent_address(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }
}
