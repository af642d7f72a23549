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
    Choice("P/S", "Partnerselskab", "Limited partnership company", ("partnerselskab",)),
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
    Choice("FIL", "Filial af udenlandsk selskab", "Branch of a foreign company", ("filial",)),
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

COMPANY_STATUS: tuple[Choice, ...] = (
    Choice("active", "Aktiv", "Active", ("normal", "aktiv", "fremtid")),
    Choice("reconstruction", "Under rekonstruktion", "Under reconstruction"),
    Choice("liquidation", "Under frivillig likvidation", "Under liquidation", ("likvidation",)),
    Choice(
        "compulsory_dissolution",
        "Under tvangsopløsning",
        "Under compulsory dissolution",
        ("tvangsopløsning",),
    ),
    Choice("bankruptcy", "Under konkurs", "In bankruptcy", ("konkurs", "underkonkurs")),
    Choice("bankrupt", "Opløst efter konkurs", "Dissolved after bankruptcy"),
    Choice("dissolved", "Opløst", "Dissolved", ("ophørt", "slettet", "tvangsopløst", "opløst")),
    Choice("merged", "Opløst efter fusion", "Dissolved by merger", ("fusion",)),
    Choice("unknown", "Ukendt", "Unknown"),
)

FUNCTION: tuple[Choice, ...] = (
    Choice("general_management", "Ledelse", "General management", ("direktion",)),
    Choice("finance", "Økonomi", "Finance", ("regnskab", "bogholderi")),
    Choice("sales", "Salg", "Sales"),
    Choice("marketing", "Marketing", "Marketing", ("kommunikation",)),
    Choice("it", "It", "IT", ("edb", "teknik")),
    Choice("hr", "Hr", "HR", ("personale",)),
    Choice("purchasing", "Indkøb", "Purchasing"),
    Choice("operations", "Drift", "Operations", ("produktion",)),
    Choice("logistics", "Logistik", "Logistics", ("lager",)),
    Choice("customer_service", "Kundeservice", "Customer service", ("support",)),
    Choice("legal", "Jura", "Legal"),
    Choice("administration", "Administration", "Administration", ("sekretariat", "reception")),
    Choice("other", "Andet", "Other"),
)

SENIORITY: tuple[Choice, ...] = (
    Choice("owner", "Ejer", "Owner", ("indehaver", "stifter", "partner")),
    Choice("board", "Bestyrelse", "Board"),
    Choice("top", "Topledelse", "Top management", ("c-level", "direktør")),
    Choice("head", "Afdelingsleder", "Head of department", ("chef",)),
    Choice("manager", "Leder", "Manager"),
    Choice("specialist", "Specialist", "Specialist", ("konsulent",)),
    Choice("employee", "Medarbejder", "Employee"),
)

BUYING_ROLE: tuple[Choice, ...] = (
    Choice("decision_maker", "Beslutningstager", "Decision maker", ("beslutter",)),
    Choice("strong_influencer", "Stærk indflydelse", "Strong influencer", ("influent",)),
    Choice("user", "Bruger", "User"),
    Choice("gatekeeper", "Portvagt", "Gatekeeper", ("sekretær", "reception")),
)

OUTCOME: tuple[Choice, ...] = (
    Choice("meeting_booked", "Møde booket", "Meeting booked", ("møde", "booket")),
    Choice("call_back", "Ring igen", "Call back", ("ring tilbage", "genkald")),
    Choice("send_information", "Send materiale", "Send information", ("send info",)),
    Choice("not_interested", "Ikke interesseret", "Not interested", ("ej interesse",)),
    Choice("no_need", "Intet behov", "No need"),
    Choice("existing_customer", "Er allerede kunde", "Already a customer"),
    Choice("opt_out", "Nej tak, ring ikke igen", "Do not call again", ("nej tak", "dnc")),
    Choice("no_answer", "Intet svar", "No answer", ("svarer ikke", "ubesvaret")),
    Choice("busy", "Optaget", "Busy"),
    Choice("voicemail", "Telefonsvarer", "Voicemail", ("svarer",)),
    Choice("gatekeeper", "Stoppet i omstillingen", "Stopped at the switchboard"),
    Choice("wrong_number", "Forkert nummer", "Wrong number", ("nummer ikke i brug",)),
    Choice("wrong_person", "Forkert person", "Wrong person", ("fratrådt",)),
    Choice("held", "Møde afholdt", "Meeting held", ("afholdt", "completed")),
    Choice("no_show", "Udeblev", "No show", ("udeblevet",)),
    Choice("cancelled", "Aflyst", "Cancelled", ("aflyst",)),
)

NEXT_ACTION: tuple[Choice, ...] = (
    Choice("call", "Ring", "Call", ("ring op",)),
    Choice("send_information", "Send materiale", "Send information"),
    Choice("meeting", "Hold møde", "Hold meeting", ("møde",)),
    Choice("offer", "Send tilbud", "Send offer", ("tilbud",)),
    Choice("hand_off", "Overdrag til sælger", "Hand off to sales"),
    Choice("research", "Undersøg nærmere", "Research"),
    Choice("none", "Ingen", "None"),
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
    Choice("outbound", "Udgående", "Outbound", ("ud", "outgoing", "out")),
    Choice("inbound", "Indgående", "Inbound", ("ind", "incoming", "in")),
)

SOURCE: tuple[Choice, ...] = (
    Choice("own_research", "Egen research", "Own research"),
    Choice("website", "Hjemmeside", "Website", ("formular", "web")),
    Choice("fair", "Messe", "Fair"),
    Choice("referral", "Anbefaling", "Referral", ("henvisning",)),
    Choice("bought_list", "Købt liste", "Bought list"),
    Choice("cvr", "CVR", "CVR"),
    Choice("linkedin", "LinkedIn", "LinkedIn"),
    Choice("customer", "Kunden selv", "The customer"),
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
