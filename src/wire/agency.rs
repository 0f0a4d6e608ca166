//! The agencies, as data: short name, the forms credits use, home hosts.

use std::sync::LazyLock;

/// A news agency and how its copy names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agency {
    /// The short name claims carry: "AFP".
    pub name: String,
    /// Abbreviations, matched as whole words with their case kept: "AP" but not "ap".
    pub abbreviations: Vec<String>,
    /// Full names and names in other languages and scripts, matched as whole words whatever their case.
    pub forms: Vec<String>,
    /// Word pairs of the agency's house sign-off; both must stand in one line: "Reporting by", "Editing by".
    pub sign_offs: Vec<(String, String)>,
    /// Hosts (and their subdomains) whose pages are the agency's own items.
    pub hosts: Vec<String>,
}

impl Agency {
    /// An agency known by `name` alone, matched as an abbreviation, with the full names given.
    pub fn named(name: &str, forms: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            abbreviations: vec![name.to_owned()],
            forms: forms.iter().map(|&form| form.to_owned()).collect(),
            ..Self::default()
        }
    }

    /// Whether pages of this host are the agency's own: "www.afp.com" is AFP's.
    pub fn owns_host(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.hosts.iter().any(|own| {
            host.strip_suffix(own.as_str()).is_some_and(|sub| sub.is_empty() || sub.ends_with('.'))
        })
    }
}

/// The agencies whose credits we know. The order is fixed; nothing depends on it but the order of equal findings.
pub fn agencies() -> &'static [Agency] {
    static TABLE: LazyLock<Vec<Agency>> = LazyLock::new(|| ROWS.iter().map(Row::agency).collect());
    &TABLE
}

/// The agency whose own site `host` is.
pub fn agency_of_host(host: &str) -> Option<&'static Agency> {
    agencies().iter().find(|agency| agency.owns_host(host))
}

struct Row {
    name: &'static str,
    abbreviations: &'static [&'static str],
    forms: &'static [&'static str],
    hosts: &'static [&'static str],
}

impl Row {
    fn agency(&self) -> Agency {
        let own = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        let sign_offs = if self.name == "Reuters" { REUTERS_SIGN_OFFS } else { &[] };
        Agency {
            name: self.name.to_owned(),
            abbreviations: own(self.abbreviations),
            forms: own(self.forms),
            sign_offs: sign_offs.iter().map(|&(a, b)| (a.to_owned(), b.to_owned())).collect(),
            hosts: own(self.hosts),
        }
    }
}

/// The line under Reuters copy in the languages it files in. Other agencies sign with initials.
const REUTERS_SIGN_OFFS: &[(&str, &str)] = &[
    ("reporting by", "editing by"),
    ("writing by", "editing by"),
    ("compiled by", "editing by"),
    ("bericht von", "redigiert von"),
    ("geschrieben von", "redigiert von"),
    ("reportage de", "édité par"),
    ("rédigé par", "édité par"),
    ("version française", "édité par"),
    ("reporte de", "editado por"),
    ("información de", "editado por"),
    ("reportagem de", "edição de"),
];

const fn row(
    name: &'static str,
    abbreviations: &'static [&'static str],
    forms: &'static [&'static str],
    hosts: &'static [&'static str],
) -> Row {
    Row { name, abbreviations, forms, hosts }
}

/// Abbreviations that are common words, names or other bodies in capitals ("TT", "CP") are safe here because a credit is
/// only read in a credit's place. Where even that is too loose the abbreviation is left out ("PA" alone is a place name
/// in datelines: "HARRISBURG, PA").
#[rustfmt::skip]
const ROWS: &[Row] = &[
    row("AFP", &["AFP"], &["Agence France-Presse", "Agence France Presse", "France-Presse", "AFP-SID", "ا ف ب", "أ ف ب", "أ.ف.ب", "ا.ف.ب", "فرانس برس", "وفرانس برس", "خبرگزاری فرانسه", "АФП", "एएफपी", "法新社", "法新"], &["afp.com"]),
    row("Reuters", &["RTRS"], &["Reuters", "Thomson Reuters", "Reuters News Agency", "Рейтер", "Ройтерс", "Ρόιτερς", "رويترز", "رویترز", "ورويترز", "रॉयटर्स", "רויטרס", "ロイター", "路透社", "路透", "로이터"], &["reuters.com", "reutersagency.com"]),
    row("AP", &["AP"], &["Associated Press", "The Associated Press", "A.P.", "АП", "أسوشيتد برس", "آسوشیتدپرس", "एपी", "AP通信", "美联社", "美聯社"], &["apnews.com", "ap.org", "apimages.com"]),
    row("dpa", &["dpa", "DPA", "dpa-AFX", "dpa-infocom"], &["Deutsche Presse-Agentur", "Deutsche Presse Agentur", "German Press Agency"], &["dpa.com", "dpa-international.com"]),
    row("SID", &["SID"], &["Sport-Informations-Dienst"], &["sid.de"]),
    row("epd", &["epd"], &["Evangelischer Pressedienst"], &["epd.de"]),
    row("KNA", &["KNA"], &["Katholische Nachrichten-Agentur"], &["kna.de"]),
    row("PA Media", &[], &["PA Media", "Press Association", "PA News Agency", "PA news agency"], &["pa.media"]),
    row("EFE", &["EFE"], &["Agencia EFE", "Agência EFE", "EFE News"], &["efe.com"]),
    row("Europa Press", &[], &["Europa Press"], &["europapress.es"]),
    row("ANSA", &["ANSA"], &["Agenzia ANSA", "Agenzia Nazionale Stampa Associata"], &["ansa.it"]),
    row("Adnkronos", &[], &["Adnkronos"], &["adnkronos.com"]),
    row("APA", &["APA"], &["Austria Presse Agentur", "Austria Press Agency"], &["apa.at"]),
    row("Keystone-SDA", &["SDA", "ATS", "sda", "ats"], &["Keystone-SDA", "Keystone-ATS", "Schweizerische Depeschenagentur"], &["keystone-sda.ch"]),
    row("Belga", &["BELGA"], &["Belga", "Agence Belga"], &["belga.be", "belganewsagency.eu"]),
    row("ANP", &["ANP"], &["Algemeen Nederlands Persbureau"], &["anp.nl"]),
    row("TT", &["TT"], &["Tidningarnas Telegrambyrå", "TT News Agency", "TT Nyhetsbyrån"], &["tt.se"]),
    row("NTB", &["NTB"], &["Norsk Telegrambyrå", "Norwegian News Agency"], &["ntb.no"]),
    row("Ritzau", &[], &["Ritzau", "Ritzaus Bureau"], &["ritzau.dk", "ritzau.com"]),
    row("STT", &["STT"], &["Suomen Tietotoimisto", "Finska Notisbyrån"], &["stt.fi"]),
    row("Lusa", &["LUSA"], &["Lusa", "Agência Lusa"], &["lusa.pt"]),
    row("PAP", &["PAP"], &["Polska Agencja Prasowa", "Polish Press Agency"], &["pap.pl"]),
    row("CTK", &["ČTK", "CTK"], &["Česká tisková kancelář", "Czech News Agency"], &["ctk.cz", "ceskenoviny.cz"]),
    row("MTI", &["MTI"], &["Magyar Távirati Iroda"], &["mti.hu"]),
    row("Agerpres", &["AGERPRES"], &["Agerpres"], &["agerpres.ro"]),
    row("Hina", &["HINA"], &["Hina"], &["hina.hr"]),
    row("Tanjug", &["TANJUG"], &["Tanjug", "Танјуг"], &["tanjug.rs"]),
    row("Kyodo", &[], &["Kyodo", "Kyodo News", "共同通信", "共同"], &["kyodonews.net", "kyodonews.jp"]),
    row("Jiji", &[], &["Jiji Press", "時事通信", "時事"], &["jiji.com"]),
    row("Xinhua", &[], &["Xinhua", "Xinhua News Agency", "新华社", "新華社", "新华网"], &["xinhuanet.com", "news.cn"]),
    row("CNA", &[], &["Central News Agency", "Focus Taiwan", "中央社"], &["focustaiwan.tw", "cna.com.tw"]),
    row("Yonhap", &[], &["Yonhap", "Yonhap News", "Yonhap News Agency", "연합뉴스", "聯合通訊社"], &["yna.co.kr"]),
    row("TASS", &["TASS"], &["ITAR-TASS", "ТАСС", "ИТАР-ТАСС"], &["tass.com", "tass.ru"]),
    row("Interfax", &[], &["Interfax", "Интерфакс", "Interfax-Ukraine", "Интерфакс-Украина"], &["interfax.com", "interfax.ru"]),
    row("RIA Novosti", &[], &["RIA Novosti", "РИА Новости"], &["ria.ru"]),
    row("Ukrinform", &[], &["Ukrinform", "Укрінформ", "Укринформ"], &["ukrinform.net", "ukrinform.ua"]),
    row("PTI", &["PTI"], &["Press Trust of India", "पीटीआई"], &["ptinews.com"]),
    row("ANI", &["ANI"], &["Asian News International"], &["aninews.in"]),
    row("IANS", &["IANS"], &["Indo-Asian News Service"], &["ians.in"]),
    row("Anadolu", &["AA"], &["Anadolu", "Anadolu Agency", "Anadolu Ajansı", "وكالة الأناضول"], &["aa.com.tr"]),
    row("DHA", &["DHA"], &["Demirören Haber Ajansı"], &["dha.com.tr"]),
    row("WAM", &["WAM"], &["Emirates News Agency"], &["wam.ae"]),
    row("MENA", &[], &["Middle East News Agency", "أ ش أ"], &["mena.org.eg"]),
    row("The Canadian Press", &["CP"], &["The Canadian Press", "Canadian Press", "La Presse Canadienne", "Presse Canadienne"], &["thecanadianpress.com"]),
    row("AAP", &["AAP"], &["Australian Associated Press"], &["aap.com.au"]),
    row("Bloomberg", &[], &["Bloomberg", "Bloomberg News", "ブルームバーグ"], &["bloomberg.com"]),
    row("UPI", &["UPI"], &["United Press International"], &["upi.com"]),
    row("Agência Brasil", &[], &["Agência Brasil"], &["agenciabrasil.ebc.com.br"]),
    row("ANA-MPA", &["ΑΠΕ", "ΑΜΠΕ"], &["ANA-MPA", "ΑΠΕ-ΜΠΕ"], &["amna.gr"]),
    row("BTA", &["БТА"], &["Bulgarian News Agency"], &["bta.bg"]),
    row("IRNA", &["IRNA"], &["ایرنا"], &["irna.ir"]),
    row("ISNA", &["ISNA"], &["ایسنا"], &["isna.ir"]),
    row("Antara", &["ANTARA"], &["Kantor Berita Antara"], &["antaranews.com"]),
    row("Bernama", &["BERNAMA"], &["Bernama"], &["bernama.com"]),
    row("Petra", &[], &["Jordan News Agency", "بترا"], &["petra.gov.jo"]),
    row("Télam", &["TELAM"], &["Télam"], &["telam.com.ar"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_own_their_subdomains_and_nothing_else() {
        assert_eq!(agency_of_host("www.AFP.com").map(|a| a.name.as_str()), Some("AFP"));
        assert_eq!(agency_of_host("afp.com").map(|a| a.name.as_str()), Some("AFP"));
        assert_eq!(agency_of_host("notafp.com"), None);
        assert_eq!(agency_of_host("afp.com.evil.test"), None);
    }

    #[test]
    fn every_agency_has_a_name_a_form_and_a_home() {
        let mut names: Vec<&str> = agencies().iter().map(|a| a.name.as_str()).collect();
        for agency in agencies() {
            assert!(
                !agency.abbreviations.is_empty() || !agency.forms.is_empty(),
                "{}",
                agency.name
            );
            assert!(!agency.hosts.is_empty(), "{}", agency.name);
        }
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count, "two agencies of one name");
    }
}
