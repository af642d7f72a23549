"""The values of every picklist, as data: what we store, what people read, what people write.

Lists that only the customer knows (campaigns, call lists) have no values here and stay open.
"""

from __future__ import annotations

from rules.fields.field import Choice

LEGAL_FORM: tuple[Choice, ...] = (
    Choice("A/S", "Aktieselskab", "Public limited company", ("as", "aktieselskab")),
    Choice("ApS", "Anpartsselskab", "Private limited company", ("aps", "anpartsselskab")),
    Choice("IVS", "Iværksætterselskab", "Entrepreneurial company", ("iværksætterselskab",)),
    Choice("ENK", "Enkeltmandsvirksomhed", "Sole trader", ("enkeltmandsvirksomhed", "enkeltmand")),
    Choice("PMV", "Personligt ejet mindre virksomhed", "Small personally owned business"),
    Choice("I/S", "Interessentskab", "General partnership", ("interessentskab",)),
    Choice("K/S", "Kommanditselskab", "Limited partnership", ("kommanditselskab",)),
    Choice(
        "P/S",
        "Partnerselskab",
        "Limited partnership company",
        ("partnerselskab", "kommanditaktieselskab", "kommanditaktieselskab/partnerselskab"),
    ),
    Choice(
        "A.M.B.A.",
        "Andelsselskab med begrænset ansvar",
        "Cooperative with limited liability",
        ("amba", "andelsselskab"),
    ),
    Choice("F.M.B.A.", "Forening med begrænset ansvar", "Association with limited liability"),
    Choice("S.M.B.A.", "Selskab med begrænset ansvar", "Company with limited liability"),
    Choice("SE", "Europæisk selskab", "European company", ("se-selskab",)),
    Choice("FON", "Fond", "Foundation", ("erhvervsdrivende fond",)),
    Choice("FOR", "Forening", "Association", ("frivillig forening", "anden forening")),
    Choice(
        "FIL",
        "Filial af udenlandsk selskab",
        "Branch of a foreign company",
        (
            "filial",
            "filial af udenlandsk aktieselskab",
            "filial af udenlandsk anpartsselskab",
            "filial af udenlandsk anpartsselskab eller selskab",
            "filial af udenlandsk anpartsselskab eller selskab med begrænset ansvar",
        ),
    ),
    Choice("OFF", "Offentlig myndighed", "Public body", ("kommune", "region", "staten")),
    Choice("ØVR", "Øvrig virksomhedsform", "Other form", ("øvrige virksomhedsformer",)),
)

INDUSTRY_SCHEME: tuple[Choice, ...] = (
    Choice("DB07", "Dansk Branchekode 2007", "Danish Industry Code 2007", ("db07 v3",)),
    Choice("DB25", "Dansk Branchekode 2025", "Danish Industry Code 2025"),
)

TECHNOLOGY: tuple[Choice, ...] = (
    Choice("crm", "CRM-system", "CRM system"),
    Choice("erp", "ERP-system", "ERP system"),
    Choice("accounting", "Regnskabsprogram", "Accounting software"),
    Choice("payroll", "Lønsystem", "Payroll"),
    Choice("webshop", "Webshop", "Web shop"),
    Choice("telephony", "IP-telefoni", "IP telephony"),
    Choice("cloud", "Cloud-drift", "Cloud hosting"),
    Choice("marketing_automation", "Marketing automation", "Marketing automation"),
    Choice("none", "Ingen kendt", "None known", ("ingen",)),
)

CREDIT: tuple[Choice, ...] = (
    Choice("normal", "Normal risiko", "Normal risk", ("lav risiko",), ("low risk",)),
    Choice("raised", "Forhøjet risiko", "Raised risk", ("mellem risiko",), ("medium risk",)),
    Choice("high", "Høj risiko", "High risk"),
)
"""Three steps that the scales of all vendors can be read by."""

SIGNAL: tuple[Choice, ...] = (
    Choice("funding", "Ny kapital", "Funding", ("kapitalrejsning", "investering"), ("investment",)),
    Choice("new_manager", "Ny direktør", "New chief executive", ("direktørskifte",), ("new ceo",)),
    Choice("new_accounts", "Nyt regnskab", "New accounts", (), ("new financial statement",)),
    Choice("hiring", "Ansætter", "Hiring", ("rekruttering", "jobopslag"), ("recruiting",)),
    Choice("expansion", "Udvider", "Expanding", ("ny afdeling", "vækst"), ("growth",)),
    Choice("new_product", "Nyt produkt", "New product", ("lancering",), ("launch",)),
    Choice("merger", "Køb eller fusion", "Merger or acquisition", ("opkøb",), ("acquisition",)),
)

COMPANY_STATUS: tuple[Choice, ...] = (
    Choice("active", "Aktiv", "Active", ("normal", "aktivt", "fremtid", "i drift"), ("trading",)),
    Choice("reconstruction", "Under rekonstruktion", "Under reconstruction", ("rekonstruktion",)),
    Choice("liquidation", "Under frivillig likvidation", "Under liquidation", ("likvidation",)),
    Choice(
        "compulsory_dissolution",
        "Under tvangsopløsning",
        "Under compulsory dissolution",
        ("tvangsopløsning",),
    ),
    Choice("bankruptcy", "Under konkurs", "In bankruptcy", ("konkurs", "underkonkurs")),
    Choice("bankrupt", "Opløst efter konkurs", "Dissolved after bankruptcy", ("opløstkonkurs",)),
    Choice("dissolved", "Opløst", "Dissolved", ("ophørt", "slettet", "tvangsopløst"), ("closed",)),
    Choice("merged", "Opløst efter fusion", "Dissolved by merger", ("fusion", "fusioneret")),
    Choice("unknown", "Ukendt", "Unknown"),
)

FUNCTION: tuple[Choice, ...] = (
    Choice(
        "general_management",
        "Ledelse",
        "General management",
        ("direktion", "direktionen", "topledelse", "ledelsen"),
        ("management", "executive"),
    ),
    Choice(
        "finance",
        "Økonomi",
        "Finance",
        ("regnskab", "bogholderi", "økonomiafdeling", "økonomiafdelingen", "finans"),
        ("accounting", "finance department"),
    ),
    Choice("sales", "Salg", "Sales", ("salgsafdeling", "salgsafdelingen"), ("sales department",)),
    Choice("marketing", "Marketing", "Marketing", ("kommunikation", "markedsføring")),
    Choice("it", "IT", "IT", ("edb", "it-afdeling", "it-afdelingen"), ("information technology",)),
    Choice("hr", "HR", "HR", ("personale", "personaleafdeling"), ("human resources", "people")),
    Choice("purchasing", "Indkøb", "Purchasing", ("indkøbsafdeling",), ("procurement",)),
    Choice("operations", "Drift", "Operations", ("produktion",), ("production",)),
    Choice("logistics", "Logistik", "Logistics", ("lager", "transport"), ("supply chain",)),
    Choice(
        "customer_service",
        "Kundeservice",
        "Customer service",
        ("service", "kundecenter"),
        ("support", "customer support"),
    ),
    Choice(
        "development",
        "Teknik og udvikling",
        "Technology and development",
        ("teknik", "udvikling", "produktudvikling", "forskning"),
        ("engineering", "r&d", "research and development", "product"),
    ),
    Choice(
        "quality",
        "Kvalitet og miljø",
        "Quality and environment",
        ("kvalitet", "miljø", "arbejdsmiljø", "bæredygtighed"),
        ("quality", "hse", "sustainability"),
    ),
    Choice(
        "facilities",
        "Ejendomme og service",
        "Property and facilities",
        ("ejendomme", "ejendom", "facility"),
        ("facilities", "property"),
    ),
    Choice("projects", "Projekter", "Projects", ("projekt",), ("project",)),
    Choice("legal", "Jura", "Legal", ("juridisk",), ("compliance",)),
    Choice(
        "administration",
        "Administration",
        "Administration",
        ("sekretariat", "reception", "kontor"),
        ("admin", "office"),
    ),
    Choice("other", "Andet", "Other", ("anden", "øvrige")),
)

SENIORITY: tuple[Choice, ...] = (
    Choice("owner", "Ejer", "Owner", ("indehaver", "stifter", "medejer"), ("founder", "partner")),
    Choice("top", "Topledelse", "Top management", ("direktion",), ("c-level", "cxo", "executive")),
    Choice("board", "Bestyrelse", "Board", ("bestyrelsen",), ("board of directors",)),
    Choice("director", "Direktør", "Director", ("fagdirektør", "vicedirektør"), ("vp",)),
    Choice("head", "Chef", "Head of department", ("afdelingschef",), ("head",)),
    Choice("manager", "Leder", "Manager", ("teamleder", "mellemleder"), ("team lead",)),
    Choice("specialist", "Specialist", "Specialist", ("konsulent",), ("senior",)),
    Choice("employee", "Medarbejder", "Employee", ("assistent",), ("entry", "staff")),
    Choice("trainee", "Elev", "Trainee", ("lærling", "praktikant", "student"), ("intern",)),
)
"""The highest first: of several titles in one cell the highest counts. Who leads the company day
by day stands above its board, because that is who takes the call."""

BUYING_ROLE: tuple[Choice, ...] = (
    Choice(
        "decision_maker",
        "Beslutningstager",
        "Decision maker",
        ("beslutter", "beslutningstagere", "beslutningtager", "beslutningsansvarlig", "bt"),
        ("decider", "dm", "economic buyer"),
    ),
    Choice(
        "strong_influencer",
        "Stærk indflydelse",
        "Strong influencer",
        ("influent", "stor indflydelse", "påvirker", "indflydelse"),
        ("influencer", "champion"),
    ),
    Choice("user", "Bruger", "User", ("slutbruger", "daglig bruger"), ("end user",)),
    Choice(
        "gatekeeper",
        "Portvagt",
        "Gatekeeper",
        ("sekretær", "reception", "portvogter", "gate keeper", "omstilling"),
    ),
)

EMPLOYMENT: tuple[Choice, ...] = (
    Choice("there", "Stadig i firmaet", "Still at Company", ("ja",), ("yes", "still there")),
    Choice("left", "Ikke længere i firmaet", "Not at Company", ("nej", "stoppet"), ("no", "left")),
    Choice("ignored", "Skal ikke følges", "Ignore", ("ignorer",), ("ignored",)),
)
"""Whether a contact still works at the company; the English words are those of LinkedIn's CRM sync."""

OUTCOME: tuple[Choice, ...] = (
    Choice(
        "meeting_booked",
        "Møde booket",
        "Meeting booked",
        ("møde", "booket", "møde aftalt", "mødebooking", "booket møde", "salg/møde"),
        ("meeting", "booked", "appointment", "appointment set", "meeting scheduled"),
    ),
    Choice(
        "call_back",
        "Ring igen",
        "Call back",
        ("ring tilbage", "genkald", "genopkald", "ring senere", "aftalt genopkald"),
        ("callback", "call again", "call later", "follow up"),
    ),
    Choice(
        "send_information",
        "Send materiale",
        "Send information",
        ("send info", "materiale", "send mail", "sendt materiale"),
        ("send email", "send material", "information sent"),
    ),
    Choice(
        "not_interested",
        "Ikke interesseret",
        "Not interested",
        ("ej interesse", "ingen interesse", "ej interesseret", "ikke-interesseret"),
        ("no interest",),
    ),
    Choice("no_need", "Intet behov", "No need", ("ikke behov", "ingen behov", "ej behov")),
    Choice(
        "existing_customer",
        "Er allerede kunde",
        "Already a customer",
        ("kunde", "er kunde", "eksisterende kunde", "allerede kunde"),
        ("existing customer", "customer"),
    ),
    Choice("opt_out", "Nej tak, ring ikke igen", "Do not call again", ("nej tak",), ("dnc",)),
    Choice(
        "no_answer",
        "Intet svar",
        "No answer",
        ("svarer ikke", "ubesvaret", "ingen svar", "ej svar", "tager ikke telefonen"),
        ("no reply", "unanswered", "not answered"),
    ),
    Choice("busy", "Optaget", "Busy", ("optagettone", "optaget tone"), ("line busy", "engaged")),
    Choice(
        "voicemail",
        "Telefonsvarer",
        "Voicemail",
        ("svarer", "tlf.svarer", "tlf svarer", "lagt besked"),
        ("voice mail", "answering machine", "left voicemail"),
    ),
    Choice(
        "gatekeeper",
        "Stoppet i omstillingen",
        "Stopped at the switchboard",
        ("omstilling", "stoppet i receptionen", "kom ikke igennem", "reception"),
        ("gatekeeper", "receptionist"),
    ),
    Choice(
        "wrong_number",
        "Forkert nummer",
        "Wrong number",
        ("nummer ikke i brug", "forkert tlf", "forkert nr", "ugyldigt nummer", "fejl i nummer"),
        ("invalid number", "number not in service", "disconnected", "bad number"),
    ),
    Choice(
        "wrong_person",
        "Forkert person",
        "Wrong person",
        ("fratrådt", "ikke ansat mere", "stoppet i firmaet", "forkert kontakt"),
        ("wrong contact", "left company", "no longer there"),
    ),
    Choice("held", "Møde afholdt", "Meeting held", ("afholdt",), ("completed", "held")),
    Choice("no_show", "Udeblev", "No show", ("udeblevet", "mødte ikke op"), ("did not show",)),
    Choice("cancelled", "Aflyst", "Cancelled", ("aflyst møde", "annulleret"), ("canceled",)),
)

NEXT_ACTION: tuple[Choice, ...] = (
    Choice("call", "Ring", "Call", ("ring op", "opkald", "ring igen", "ring tilbage"), ("phone",)),
    Choice(
        "send_information",
        "Send materiale",
        "Send information",
        ("send info", "send mail", "materiale"),
        ("send email", "send material"),
    ),
    Choice("meeting", "Hold møde", "Hold meeting", ("møde", "afhold møde"), ("meeting",)),
    Choice("offer", "Send tilbud", "Send offer", ("tilbud", "lav tilbud"), ("offer", "quote")),
    Choice("hand_off", "Overdrag til sælger", "Hand off to sales", ("overdrag",), ("hand over",)),
    Choice("research", "Undersøg nærmere", "Research", ("undersøg", "research nærmere")),
    Choice("none", "Ingen", "None", ("intet", "afsluttet", "luk"), ("closed", "no action")),
)

STAGE: tuple[Choice, ...] = (
    Choice("new", "Ny", "New", ("nyt emne", "lead", "emne", "subscriber")),
    Choice(
        "qualified", "Kvalificeret", "Qualified", ("mql", "sql", "opportunity", "salgsmulighed")
    ),
    Choice("meeting", "Møde", "Meeting", ("møde booket", "appointment scheduled")),
    Choice("offer", "Tilbud", "Offer", ("tilbud sendt", "proposal", "quote", "forhandling")),
    Choice(
        "won",
        "Vundet",
        "Won",
        ("closed won", "closedwon", "lukket vundet", "kunde", "customer", "solgt"),
    ),
    Choice("lost", "Tabt", "Lost", ("closed lost", "closedlost", "lukket tabt", "afvist")),
)

DIRECTION: tuple[Choice, ...] = (
    Choice(
        "outbound", "Udgående", "Outbound", ("ud", "udg", "udgående opkald"), ("outgoing", "out")
    ),
    Choice(
        "inbound", "Indgående", "Inbound", ("ind", "indg", "indgående opkald"), ("incoming", "in")
    ),
)

SOURCE: tuple[Choice, ...] = (
    Choice("own_research", "Egen research", "Own research", ("research",)),
    Choice("website", "Hjemmeside", "Website", ("formular", "hjemmesiden"), ("web", "web form")),
    Choice("fair", "Messe", "Fair", ("messen",), ("trade show", "trade fair")),
    Choice("referral", "Anbefaling", "Referral", ("henvisning", "anbefalet")),
    Choice("bought_list", "Købt liste", "Bought list", ("købt leadliste",), ("purchased list",)),
    Choice("cvr", "CVR", "CVR", ("cvr-registret", "cvr.dk", "virk.dk")),
    Choice("linkedin", "LinkedIn", "LinkedIn", ("linked in",)),
    Choice("customer", "Kunden selv", "The customer", ("kunden",), ("customer",)),
)

LAWFUL_BASIS: tuple[Choice, ...] = (
    Choice("consent", "Samtykke", "Consent", ("freely given consent from contact",)),
    Choice(
        "legitimate_interest",
        "Legitim interesse",
        "Legitimate interest",
        (
            "interesseafvejning",
            "berettiget interesse",
            "legitimate interest – prospect/lead",
            "legitimate interest – existing customer",
            "legitimate interest - other",
        ),
    ),
    Choice("contract", "Aftale", "Contract", ("kontrakt", "performance of a contract")),
    Choice("existing_customer", "Eksisterende kunde", "Existing customer", ("mfl § 10 stk. 2",)),
    Choice("legal_obligation", "Retlig forpligtelse", "Legal obligation"),
    Choice("none", "Intet grundlag", "No basis", ("ingen", "not applicable")),
)

CHANNEL: tuple[Choice, ...] = (
    Choice("call", "Telefon", "Call", ("opkald", "tlf", "phone", "telefonisk")),
    Choice("email", "E-mail", "E-mail", ("mail", "nyhedsbrev", "newsletter")),
    Choice("sms", "SMS", "SMS", ("sms'er", "text")),
    Choice("all", "Alle kanaler", "All channels", ("alle", "alt", "any", "everything")),
)
