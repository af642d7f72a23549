"""Word lists of the made-up example: nobody is called Solsort Vandkande.

Everything that could be taken for somebody is built from these and from the three rules of
examples/README.md (domains, CVR numbers, phone numbers).
"""

# ruff: noqa: SIM905 - word lists

FIRST = (
    "Agern Bellis Birk Blåbær Bøg Dild Drossel Eg Enebær Fasan Gråspurv Hassel Hyld Humle Hyben "
    "Jordbær Kamille Karse Kløver Kornblomst Krokus Lavendel Lyng Lærke Løvfald Mejse Mirabel "
    "Mynte Natugle Nellike Oregano Pil Primula Purløg Rav Regnvejr Ribs Rosmarin Røn Salvie "
    "Slåen Snedrive Solsort Spurv Stær Syren Timian Tjørn Tulipan Tyttebær Ærenpris Ørnebregne "
    "Åkande Anemone-Lyng Hans-Agern Birk-Emil"
).split()
LAST = (
    "Blyant Bogreol Brødrister Bøjle Cykelhjelm Dørklokke Elkedel Fløjtekedel Gardin Gummistøvle "
    "Hængelås Håndklæde Juicepresser Kaffekop Kalender Kuglepen Køkkenur Lampeskærm Lommelygte "
    "Måtte Nøglering Opslagstavle Papirclips Paraply Piskeris Pudebetræk Regnfrakke Rygsæk "
    "Skohorn Skrivebord Skruetrækker Sofapude Spisestel Strygejern Stålske Sæbeskål Tallerken "
    "Tekande Tændstik Tørresnor Vandkande Viskelæder Værktøjskasse Æggebæger Ølkapsel Åretang"
).split()
# Forms that a careless capitaliser gets wrong.
RARE_LAST = (
    "von Tekande", "van der Paraply", "de Kuglepen", "du Skohorn", "la Vandkande",
    "Skov-Paraply", "Bæk-Blyant", "McBogreol", "O'Elkedel", "Kaffekop Tekande",
)  # fmt: skip
TITLES = (
    "Direktør", "Adm. direktør", "Salgschef", "Salgsdirektør", "Økonomichef", "It-chef",
    "Indkøbschef", "Driftsleder", "Marketingchef", "HR-chef", "Kontorassistent", "Bogholder",
    "Projektleder", "Ejer", "Partner", "Lagerchef", "Teknisk chef", "CEO", "CFO", "Head of Sales",
    "salgschef", "DIREKTØR", "Key Account Manager", "stud.merc.", "Souschef", "Værkfører",
)  # fmt: skip
MARK = "Fabel Opdigt Påfund Eventyr Fantasi Ingenting Luftkastel Skrøne Æventyr Drømme".split()
TRADE = (
    "byg tag vvs el maler gulv transport logistik kaffe brød fisk vin data net tryk kontor "
    "rengøring energi klima teknik metal plast møbel have rejse event film musik forlag revision "
    "rådgivning handel import maskin værktøj emballage køl lys lyd sikring"
).split()
FORM = ("ApS", "A/S", "I/S", "K/S", "P/S", "Holding ApS", "Danmark A/S", "IVS", "A.m.b.a.")
LEGAL = {
    "ApS": "Anpartsselskab", "A/S": "Aktieselskab", "I/S": "Interessentskab",
    "K/S": "Kommanditselskab", "P/S": "Partnerselskab", "IVS": "Iværksætterselskab",
    "A.m.b.a.": "Andelsselskab", "v/": "Enkeltmandsvirksomhed",
}  # fmt: skip
STREET = (
    "Fabelvej", "Opdigtet Allé", "Påfundsgade", "Eventyrstien", "Luftkastelvej", "Skrønebakken",
    "Ingenstedsvej", "Drømmestræde", "Tænkevej", "Østre Fantasigade",
)  # fmt: skip
# Postcodes are facts; the streets above are not.
TOWNS = (
    ("1050", "København K"), ("2100", "København Ø"), ("2970", "Hørsholm"), ("3000", "Helsingør"),
    ("3700", "Rønne"), ("4000", "Roskilde"), ("4600", "Køge"), ("4700", "Næstved"),
    ("5000", "Odense C"), ("5700", "Svendborg"), ("6000", "Kolding"), ("6700", "Esbjerg"),
    ("7100", "Vejle"), ("7400", "Herning"), ("8000", "Aarhus C"), ("8600", "Silkeborg"),
    ("8700", "Horsens"), ("8800", "Viborg"), ("9000", "Aalborg"), ("9990", "Skagen"),
)  # fmt: skip
# A few lines of the Danish industry code DB07 (Statistics Denmark, valid to 2024).
INDUSTRY = (
    ("43.32.00", "Tømrer- og bygningssnedkervirksomhed"), ("43.22.00", "VVS- og blikkenslagerforretninger"),
    ("43.21.00", "El-installation"), ("49.41.00", "Vejgodstransport"),
    ("62.01.00", "Computerprogrammering"), ("69.20.00", "Bogføring og revision; skatterådgivning"),
    ("10.71.20", "Fremstilling af friske bageriprodukter"), ("81.21.00", "Almindelig rengøring i bygninger"),
    ("01.11.00", "Dyrkning af korn (undtagen ris), bælgfrugter og olieholdige frø"),
    ("73.11.10", "Reklamebureauer"),
)  # fmt: skip
AGENTS = ("Anemone T.", "birk", "KAMILLE", "Lavendel P.", "Timian Åkande", "hyld@opdigtet-9999.dk")
OUTCOMES = (
    ("Intet svar", 34), ("Telefonsvarer", 14), ("Ring igen", 13), ("Ikke interesseret", 12),
    ("Møde booket", 7), ("Optaget", 5), ("Send materiale", 5), ("Forkert nummer", 4),
    ("intet svar", 3), ("NEJ TAK", 2), ("", 1), ("svarer ikke", 2), ("tlf.svarer", 2),
    ("genkald", 1), ("No answer", 1), ("Ej interesse", 1), ("Snakkede om vejret", 1),
)  # fmt: skip
NOTES = (
    "Ring igen i uge 46", "Sidder i møde, prøv efter kl. 13", "Har fået nyt tlf.system",
    "Vil gerne have materiale på mail", "Talte med receptionen; ny indkøber fra 1/12",
    "Bedste tidspunkt er tirsdag formiddag", "Kontrakten løber til marts", "Ok",
    "Kunden er \"på ferie\" til mandag", "Har allerede aftale; genforhandles til sommer",
)  # fmt: skip
# What stands in notes though it belongs elsewhere.
TELLING = (
    "Bad om ikke at blive ringet op igen", "Gav samtykke til mail 3/9 på messen",
    "=HYPERLINK(\"http://opdigtet-0001.dk\";\"klik\")", "-5% rabat aftalt", "@salg følger op",
    "CPR 010100-0000 skrevet ned af vikar", "Linje et\nlinje to\nlinje tre",
    "er langtidssygemeldt, kone tager telefonen", "+ interesseret i nyt tilbud",
)  # fmt: skip
