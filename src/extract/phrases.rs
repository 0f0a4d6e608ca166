//! A line to whether its words are a page's and not a story's: labels, boxes, notices, in the languages we read.
//!
//! Tables only. Each says how a line is compared: whole, by its start, or by words within. Lower case throughout.

/// Longest label, in characters.
const LABEL_CHARS_MAX: usize = 60;

/// Whole lines.
#[rustfmt::skip]
const LABELS: &[&str] = &[
    // skip links
    "skip to main content", "skip to content", "skip to article", "skip to navigation", "skip navigation", "jump to content", "skip ad", "skip advertisement",
    "zum inhalt springen", "zum inhalt", "zum hauptinhalt", "direkt zum inhalt", "aller au contenu", "aller au contenu principal", "accéder au contenu",
    "saltar al contenido", "ir al contenido", "ir al contenido principal", "vai al contenuto", "ga naar de inhoud", "gå till innehåll", "przejdź do treści",
    "перейти к содержанию", "к основному контенту",
    // share bars
    "share", "share this", "share this article", "share this story", "share article", "share on facebook", "share on twitter", "share on x", "share via email",
    "share on whatsapp", "share on linkedin", "tweet", "tweet this", "facebook", "twitter", "whatsapp", "linkedin", "telegram", "pinterest", "reddit", "flipboard", "email",
    "e-mail", "email this", "print", "print this", "print this page", "print article", "copy link", "copy url", "link copied", "copied", "copied to clipboard", "save", "save this story", "bookmark",
    "gift this article", "follow us", "follow", "like", "comment", "comments", "leave a comment", "add to favorites", "listen", "listen to this article", "listen to article",
    "teilen", "artikel teilen", "auf facebook teilen", "auf twitter teilen", "per e-mail teilen", "drucken", "merken", "anhören", "artikel anhören", "vorlesen", "kommentare", "kommentieren",
    "partager", "partager cet article", "imprimer", "commenter", "écouter", "écouter l'article", "copier le lien", "réagir", "compartir", "imprimir", "escuchar", "guardar",
    "condividi", "stampa", "ascolta", "delen", "dela", "del", "jaa", "udostępnij", "paylaş", "partilhar", "compartilhar", "поделиться", "печать", "分享", "공유", "本文へ移動", "本文へスキップ", "小字号", "大字号", "关注", "おすすめ情報", "関連企業・業界", "国際ニュースを英語で読む", "기사 url이 복사되었습니다", "von", "by", "false", "true", "null", "undefined",
    // advertisement
    "advertisement", "advertisment", "advertising", "ad", "ads", "sponsored", "sponsored content", "anzeige", "werbung", "publicité", "pub", "publicidad", "publicidade", "pubblicità",
    "advertentie", "annons", "annonse", "annonce", "reklama", "reklam", "реклама", "广告", "広告", "article continues below", "article continues after advertisement",
    "story continues below advertisement", "continue reading the main story", "story continues", "continue reading", "read more", "show more", "load more", "see more", "view more", "more",
    "mehr", "weiterlesen", "mehr lesen", "lire la suite", "lire plus", "voir plus", "leer más", "ver más", "leggi tutto", "lees meer", "czytaj więcej", "click to expand", "expand", "close", "play", "pause", "loading", "loading...", "loading…", "replay",
    // players
    "video", "watch", "photos", "gallery", "slideshow", "audio", "your browser does not support the audio element.", "this video cannot be played",
    "to play the video you need to enable javascript in your browser.", "please enable javascript to view this content",
];

/// Starts of lines that send the reader elsewhere.
#[rustfmt::skip]
const ELSEWHERE: &[&str] = &[
    "read also", "also read", "read more:", "read more |", "read more about", "read next", "read:", "see also", "more on this", "more:", "more from", "related:", "related stories", "related articles", "related content", "related coverage", "recommended:", "recommended for you",
    "watch:", "watch |", "watch more", "listen:", "don't miss", "don’t miss", "you may also like", "you might also like", "next up:", "up next:", "trending:", "editor's pick", "most read", "click here to", "click here for", "follow us on", "follow our", "like us on", "join us on", "download our app", "download the app", "get our app",
    "lesen sie auch", "lesen sie mehr", "lesen sie hier", "lesen sie dazu", "mehr zum thema", "mehr dazu", "auch interessant", "das könnte sie auch", "weitere artikel", "siehe auch", "zum thema:", "folgen sie uns", "empfohlener externer inhalt", "empfohlener redaktioneller inhalt",
    "lire aussi", "à lire aussi", "lire également", "à lire également", "a lire aussi", "voir aussi", "darum gehts", "darum geht's", "sur le même sujet", "pour aller plus loin", "suivez-nous",
    "lea también", "lee también", "leer también", "te puede interesar", "más información:", "ver también", "también te puede", "síguenos", "leia também", "leia mais", "veja também", "saiba mais",
    "leggi anche", "leggi pure", "vedi anche", "lees ook", "lees verder", "lees meer:", "läs också", "läs även", "läs mer", "les også", "læs også", "lue myös", "czytaj też", "czytaj także", "zobacz też", "ilgili haber", "читайте также", "читайте также:", "читать также", "читайте нас",
    "もっと読む", "関連記事", "相关阅读", "相關新聞", "延伸閱讀", "관련기사",
];

/// Words of newsletter boxes; a short line with one of them and one of [`NEWSLETTER_ACTS`].
const NEWSLETTER: &[&str] = &[
    "newsletter",
    "newsletters",
    "inbox",
    "briefing",
    "mailing list",
    "e-mail alerts",
    "email alerts",
    "posteingang",
    "boîte mail",
    "infolettre",
    "boletín",
    "nieuwsbrief",
    "nyhetsbrev",
    "рассылк",
];

/// What such boxes ask for.
#[rustfmt::skip]
const NEWSLETTER_ACTS: &[&str] = &[
    "sign up", "signing up", "subscribe", "subscribing", "receive", "get the", "get our", "get all", "delivered", "every morning", "each morning", "daily newsletter", "weekly newsletter", "free", "register", "enter your email", "straight to your", "direct to your", "straight into",
    "abonnieren", "anmelden", "bestellen", "kostenlos", "erhalten sie", "inscrivez", "abonnez", "recevez", "recevoir", "suscríbete", "suscríbase", "recibe", "iscriviti", "ricevi", "schrijf je in", "aanmelden", "prenumerera", "подпис",
];

/// Lines of newsletter boxes whole or by their start, with no doubt.
const NEWSLETTER_STARTS: &[&str] = &[
    "daily newsletter",
    "sign up for our",
    "sign up to our",
    "sign up for the",
    "sign up here",
    "subscribe to our",
    "receive essential international news",
    "newsletter",
    "get the latest news delivered",
    "jetzt newsletter",
    "recevez toute l'actualité",
    "enter your email",
    "by signing up",
    "by subscribing",
    "you can unsubscribe",
    "thank you for subscribing",
    "thanks for signing up",
    "please enter a valid email",
    "invalid email",
];

/// Words of consent notices and blocked embeds.
#[rustfmt::skip]
const CONSENT: &[&str] = &[
    "this content is hosted by a third party", "you must enable advertisement tracking", "one of your browser extensions seems to be blocking",
    "we use cookies", "uses cookies to", "accept all cookies", "cookie settings", "cookie policy", "cookie preferences", "manage your cookie", "your cookie", "accept cookies", "privacy settings",
    "an dieser stelle finden sie einen", "externen inhalt", "externer inhalt", "ich bin damit einverstanden, dass mir externe", "personenbezogene daten an drittplattformen", "wir verwenden cookies",
    "ce contenu est bloqué", "vous n'avez pas accepté les cookies", "pour afficher ce contenu", "acceptez les cookies", "nous utilisons des cookies",
    "este contenido está alojado", "aceptar las cookies", "utilizamos cookies", "please enable javascript", "javascript is disabled", "javascript is not available", "turn on javascript", "aktivieren sie javascript",
];

/// Phrases of "page not found" pages; compared with a line's start and, in short lines, anywhere.
#[rustfmt::skip]
const NOT_FOUND: &[&str] = &[
    "page not found", "the content you requested does not exist", "404 not found", "error 404", "404 error", "404 - ", "the page you requested could not be found", "the page you are looking for", "the page you were looking for", "the page you requested", "this page does not exist",
    "this page doesn't exist", "this page isn't available", "this page is not available", "sorry, we can't find", "sorry, we couldn't find", "we couldn't find that page", "we can't find the page", "article not found", "this article is no longer available", "this story is no longer available", "oops! that page", "oops, this page", "nothing found",
    "seite nicht gefunden", "die seite wurde nicht gefunden", "diese seite existiert nicht", "die angeforderte seite", "die gesuchte seite", "page introuvable", "page non trouvée", "cette page n'existe pas", "la page que vous recherchez", "la page demandée", "le contenu auquel vous souhaitez accéder",
    "página no encontrada", "la página que busca", "la página solicitada", "el contenido que solicitó no existe", "pagina non trovata", "página não encontrada", "pagina niet gevonden", "sidan hittades inte", "siden blev ikke fundet", "sivua ei löytynyt", "nie znaleziono strony", "strona nie istnieje", "sayfa bulunamadı", "страница не найдена", "сторінку не знайдено",
    "页面不存在", "頁面不存在", "找不到页面", "找不到頁面", "ページが見つかりません", "페이지를 찾을 수 없습니다", "الصفحة غير موجودة",
];

/// Phrases of walls.
#[rustfmt::skip]
const WALL: &[&str] = &[
    "subscribe to continue reading", "subscribe to read the full", "subscribe to read more", "subscribe now to read", "to continue reading", "to read the full story", "to keep reading", "this article is for subscribers", "this content is for subscribers", "for subscribers only", "already a subscriber?", "you have reached your limit", "you've reached your limit", "create a free account to", "register to continue", "sign in to continue reading",
    "weiterlesen mit", "jetzt weiterlesen", "diesen artikel weiterlesen", "sie möchten weiterlesen", "exklusiv für abonnenten", "nur für abonnenten", "artikel freischalten", "bereits abonnent",
    "réservé aux abonnés", "article réservé", "il vous reste", "pour lire la suite", "déjà abonné", "la suite est réservée", "contenido exclusivo para suscriptores", "para seguir leyendo", "solo para suscriptores", "contenuto riservato agli abbonati", "per continuare a leggere", "alleen voor abonnees", "verder lezen?", "exclusivo para assinantes", "only for subscribers", "только для подписчиков", "会員限定", "この記事は有料",
];

/// Whether the whole line is a page's label.
pub(crate) fn is_label(line: &str) -> bool {
    if line.chars().count() > LABEL_CHARS_MAX {
        return false;
    }
    let line = bare(line);
    line.is_empty()
        || LABELS.contains(&line.as_str())
        || is_reading_time(&line)
        || !line.chars().any(char::is_alphanumeric)
}

/// "5 min", "5 min read", "Reading time: 5 minutes", "Lesezeit: 3 Min", "Temps de lecture : 4 min".
fn is_reading_time(line: &str) -> bool {
    const WORDS: &[&str] = &[
        "min",
        "mins",
        "minute",
        "minutes",
        "minuten",
        "minuti",
        "minutos",
        "minut",
        "read",
        "reading",
        "time",
        "lesezeit",
        "lecture",
        "temps",
        "de",
        "tiempo",
        "lectura",
        "tempo",
        "di",
        "lettura",
        "leestijd",
        "leitura",
        "lästid",
        "ca",
        "to",
        "listen",
        "estimated",
        "about",
        "watch",
        "listening",
    ];
    let words: Vec<&str> =
        line.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let number = |w: &&str| w.chars().all(|c| c.is_ascii_digit()) && w.len() <= 3;
    let minutes = |w: &&str| {
        w.starts_with("min")
            || (w.ends_with("min") && w[..w.len() - 3].chars().all(|c| c.is_ascii_digit()))
    };
    (2..=6).contains(&words.len())
        && words.iter().any(|w| number(w) || (minutes(w) && w.len() > 3))
        && words.iter().any(minutes)
        && words.iter().all(|w| number(w) || minutes(w) || WORDS.contains(w))
        || (words.len() == 1
            && words.iter().all(|w| minutes(w) && w.starts_with(|c: char| c.is_ascii_digit())))
}

/// Whether the line sends the reader to another story.
pub(crate) fn points_elsewhere(line: &str) -> bool {
    if line.chars().count() > 220 {
        return false;
    }
    let lower = bare(line);
    ELSEWHERE.iter().any(|start| {
        lower.strip_prefix(start).is_some_and(|rest| {
            start.ends_with(':')
                || start.ends_with('|')
                || rest.is_empty()
                || !rest.starts_with(char::is_alphanumeric)
        })
    })
}

/// Whether the line belongs to a newsletter box.
pub(crate) fn is_newsletter(line: &str) -> bool {
    if line.chars().count() > 260 {
        return false;
    }
    let lower = bare(line);
    let starts = NEWSLETTER_STARTS.iter().any(|start| {
        lower
            .strip_prefix(start)
            .is_some_and(|_| *start != "newsletter" || lower.chars().count() <= 40)
    });
    starts
        || (NEWSLETTER.iter().any(|word| lower.contains(word))
            && NEWSLETTER_ACTS.iter().any(|act| lower.contains(act)))
}

/// Whether the line is a consent notice or stands for a blocked embed.
pub(crate) fn is_consent(line: &str) -> bool {
    if line.chars().count() > 420 {
        return false;
    }
    let lower = bare(line);
    CONSENT.iter().any(|words| lower.contains(words))
}

/// Whether the line says that there is no such page.
pub(crate) fn says_not_found(line: &str) -> bool {
    let length = line.chars().count();
    if length > 200 {
        return false;
    }
    let lower = bare(line);
    lower == "404"
        || NOT_FOUND.iter().any(|words| {
            lower.starts_with(words) && (length <= 120 || words.chars().count() >= 20)
                || (length <= LABEL_CHARS_MAX && lower.contains(words))
        })
}

/// Whether the line stands at a wall.
pub(crate) fn says_wall(line: &str) -> bool {
    if line.chars().count() > 300 {
        return false;
    }
    let lower = bare(line);
    WALL.iter().any(|words| lower.contains(words))
}

/// "By", "Written by", "Text by" and nothing but names behind, or a desk: only for the edges of a text.
pub(crate) fn is_byline_label(line: &str) -> bool {
    const STARTS: &[&str] = &[
        "by ",
        "by: ",
        "written by ",
        "posted by ",
        "von ",
        "von: ",
        "par ",
        "por ",
        "di ",
        "door ",
        "author: ",
        "autor: ",
        "text: ",
        "текст: ",
        "автор: ",
    ];
    let lower = line.to_lowercase();
    let Some(start) = STARTS.iter().find(|start| lower.starts_with(**start)) else { return false };
    let names: Vec<&str> = line.get(start.len()..).unwrap_or("").split_whitespace().collect();
    let small =
        |w: &&&str| w.chars().next().is_some_and(char::is_lowercase) && w.chars().count() > 3;
    (1..=12).contains(&names.len())
        && names.iter().filter(small).count() == 0
        && !line.ends_with('.')
        && line.chars().count() <= 100
        && !line.contains(['“', '"', '?', '!'])
}

/// Lines that only say when: "Issued on: 12/10/2016 - 18:05", "Published 2:07 p.m., Monday, November 18, 2019".
pub(crate) fn is_date_line(line: &str) -> bool {
    #[rustfmt::skip]
    const WORDS: &[&str] = &[
        "issued", "on", "published", "publié", "publicado", "pubblicato", "veröffentlicht", "posted", "created", "erstellt", "updated", "last", "update", "modified", "modifié", "aktualisiert", "actualizado", "aggiornato", "geändert", "stand", "mis", "à", "jour", "le", "at", "am", "pm", "a", "p", "m", "um", "uhr", "the", "of", "h", "de", "del", "el", "alle", "den", "kl", "first", "date", "edited", "ago", "hours", "hour", "minutes", "minute", "mins", "days", "day", "utc", "gmt", "et", "est", "edt", "pt", "pst", "pdt", "cet", "cest", "bst", "ist", "aest", "aedt", "cst", "cdt", "hrs", "vor", "stunden", "minuten", "il", "y", "heures", "th", "st", "nd", "rd", "t", "z",
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "january", "february", "march", "april", "june", "july", "august", "september", "october", "november", "december",
        "januar", "jänner", "februar", "märz", "mai", "juni", "juli", "oktober", "dezember", "janvier", "février", "mars", "avril", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre",
        "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre", "gennaio", "febbraio", "aprile", "maggio", "giugno", "luglio", "settembre", "ottobre", "dicembre",
        "mon", "tue", "wed", "thu", "fri", "sat", "sun", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag",
        "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche",
        "januari", "februari", "maart", "mei", "augustus", "okt", "maj", "marts", "января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября", "декабря",
    ];
    if line.chars().count() > 120 || !line.chars().any(|c| c.is_ascii_digit()) {
        return false;
    }
    let lower = line.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    words.all(|w| {
        w.split(|c: char| c.is_ascii_digit())
            .all(|letters| letters.is_empty() || WORDS.contains(&letters))
    })
}

/// Labels at a text's end: rights, topics, contact.
pub(crate) fn is_end_label(line: &str) -> bool {
    const WITHIN: &[&str] = &[
        "contributed to this report",
        "contributed to this story",
        "contributed reporting",
        "on twitter @",
        "on twitter at",
        "on twitter and",
        "http://",
        "https://",
        "follow him on",
        "follow her on",
        "follow them on",
        "follow us",
        "reported from",
        "associated press writer",
        "zuerst bei",
        "zuerst erschienen",
        "originally appeared",
        "originally published",
        "all rights reserved",
        "alle rechte vorbehalten",
        "tous droits réservés",
        "todos los derechos reservados",
    ];
    #[rustfmt::skip]
    const STARTS: &[&str] = &[
        "©", "copyright", "(c) ", "all rights reserved", "topics:", "topics in this article", "tags:", "filed under", "keywords:", "in this article", "more about", "about the author", "contact the author", "contact us", "have a tip", "got a tip", "send tips", "our standards:", "purchase licensing rights", "report a typo", "report an error", "first published", "last updated", "published on", "this story has been shared", "this article was originally published", "themen:", "schlagwörter", "mots-clés", "thèmes", "temas", "tags", "topics", "view comments", "show comments", "join the conversation", "have your say",
        "suggest a correction", "follow", "disclaimer", "subscribe", "like this story", "enjoyed this", "reach the reporter", "citation", "join our", "join the", "note:", "sources:", "source:", "quelle:", "quellen", "fehler gefunden", "kontaktieren sie", "ihre meinung ist", "infos zum zitiervorschlag", "please read our comment policy", "push-nachrichten", "abonnieren sie", "abonniere", "mehr themen", "email the author", "listen to", "check out our", "be sure to check out", "for more stories like this", "this is a breaking", "got a story", "get in touch with our", "sign up", "additional reporting", "with reports from", "eigene recherche", "faktencheck:", "ende der weiteren informationen", "e-paper", "du musst dich einloggen", "you must be logged in", "erstveröffentlichung", "zuerst veröffentlicht", "more ap ",
    ];
    let length = line.chars().count();
    if length > 260 {
        return false;
    }
    let lower = bare(line);
    let starts = |start: &&str| {
        let rest = lower.strip_prefix(*start);
        let whole_word = rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric));
        whole_word && (length <= 120 || start.len() > 8 || *start == "©")
    };
    is_desk(line) || STARTS.iter().any(starts) || WITHIN.iter().any(|words| lower.contains(words))
}

/// "(dmk)", "ssi, dan", "[hh/ph]": the letters of whoever wrote it, and nothing else.
fn is_desk(line: &str) -> bool {
    let mut words = line.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).peekable();
    let marked = line.starts_with(['(', '[']) || line.contains('/');
    marked
        && words.peek().is_some()
        && words.all(|w| w.chars().count() <= 4 && w.chars().all(char::is_lowercase))
}

/// Lower case, straight apostrophes, without marks around: what tables are written in.
fn bare(line: &str) -> String {
    let lower = line.to_lowercase().replace('’', "'");
    lower
        .trim_start_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '©' | '('))
        .trim_end_matches(|c: char| {
            c.is_whitespace() || matches!(c, ':' | '»' | '>' | '→' | '›' | '|' | '!' | '.' | '…')
        })
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(rule: fn(&str) -> bool, yes: &[&str], no: &[&str]) {
        for line in yes {
            assert!(rule(line), "{line}");
        }
        for line in no {
            assert!(!rule(line), "{line}");
        }
    }

    #[test]
    fn labels_are_whole_lines() {
        all(
            is_label,
            &[
                "Skip to main content",
                "SHARE",
                "5 min",
                "5 min read",
                "Reading time: 5 minutes",
                "Lesezeit: 3 Min.",
                "Temps de lecture : 4 min",
                "Anzeige",
                "* * *",
                "Read more »",
                "3min",
            ],
            &[
                "Share prices fell",
                "Five minutes later he was gone",
                "The 5 min delay cost him the race",
                "He read it in 5 minutes and left the room at once",
            ],
        );
    }

    #[test]
    fn boxes_and_notices_are_known_by_their_words() {
        all(
            is_newsletter,
            &[
                "Daily newsletter",
                "Receive essential international news every morning",
                "Sign up for our newsletter and get it all",
                "Abonnieren Sie unseren Newsletter",
            ],
            &[
                "The town's newsletter said on Monday that the harbour was closed",
                "He had to sign up for the army",
            ],
        );
        all(
            is_consent,
            &[
                "This content is hosted by a third party. By showing it you accept.",
                "We use cookies to make this better",
            ],
            &["She bakes cookies for the town"],
        );
        all(
            points_elsewhere,
            &[
                "Read also: Crane falls in Kvitnes",
                "Lire aussi Une grue tombe",
                "Lesen Sie auch: Kran gestürzt",
                ">> READ MORE: Crane falls",
            ],
            &["Read alsoran", "More people came", "Watches were stolen"],
        );
    }

    #[test]
    fn missing_pages_and_walls_are_known() {
        all(
            says_not_found,
            &[
                "Page not found",
                "404",
                "Error 404",
                "The content you requested does not exist or is not available anymore.",
                "Seite nicht gefunden",
                "Sorry - Page not found",
            ],
            &[
                "The missing page of the diary was not found by the police, they said on Monday evening",
                "Nothing",
            ],
        );
        all(
            says_wall,
            &[
                "Subscribe to continue reading",
                "Already a subscriber? Log in",
                "Article réservé aux abonnés",
            ],
            &["Subscribers rose to two million"],
        );
    }

    #[test]
    fn lines_that_say_who_and_when() {
        all(
            is_byline_label,
            &["By Jorun Example", "By JORUN EXAMPLE and ODD SAMPLE", "Von Jorun Example"],
            &["By now it was over", "By Monday evening the harbour was open.", "Von dort kam er"],
        );
        all(
            is_date_line,
            &[
                "Issued on: 12/10/2016 - 18:05",
                "Published 2:07 p.m., Monday, November 18, 2019",
                "12. Oktober 2016, 18:05 Uhr",
                "2016-10-12T18:05:00Z",
                "Modified: 12/10/2016",
            ],
            &["On October 12, 2016, the harbour closed", "In 2016", "today"],
        );
        all(
            is_end_label,
            &[
                "© 2024 Herald. All rights reserved.",
                "Topics: Harbour, Cranes",
                "(dmk)",
                "[hh/ph]",
                "Tags",
            ],
            &["Copyrighted works were at stake, the lawyer said"],
        );
    }
}
