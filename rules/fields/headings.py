"""The headers under which lists and exports carry a field: Danish and English, as people and CRMs write.

One line a field, continued by indenting; `field@kind` is for headers that mean the field in that
kind only. Case, accents, spaces and punctuation do not matter (`rules.headers.fold`); a field's
name and its two labels need no line. The exports are those of Salesforce, HubSpot and Dynamics 365
(column labels and API names) and of usual dialers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from rules.fields.field import Field
from rules.records import Kind

_HEADINGS = """
company_name: firma, firmanavn, virksomhed, virksomhedsnavn, virksomhedens navn, selskab,
    selskabsnavn, kunde, kundenavn, organisation, arbejdsgiver, arbejdsplads, company, company
    name, account, account name, company / account, associated company, primary associated company, customer,
    customer name, organization, organization name, employer, parentcustomerid, firma navn,
    butik, klient, konto, kontonavn
company_name@company: navn, name, enhedsnavn, juridisk navn
cvr: cvr, cvr nr, cvr no, cvrnummer, cvr number, cvr kode, virksomhed cvr, firma cvr, se nr, se
    nummer, cvr se nr, momsnr, momsnummer, vat, vat no, vat nr, vat number, vat id, vat
    registration number, tax id, org nr, orgnr, organisationsnummer, company registration
    number, registration number, business id, virksomhedsnummer
p_number: p nr, pnr, p nummer, pnummer, produktionsenhed, produktionsenhedsnr, p number,
    production unit
legal_form: virksomhedsform, virksomhedstype, selskabstype, juridisk form, juridisk enhed, legal
    unit, legal entity, legal entity type, company form, company type, ejerform
industry_code: branche kode, branchenr, branchenummer, db07, db07 kode, db25, db25 kode,
    hovedbranche kode, nace, nace code, nace kode, sic, sic code, sic kode, industry codes
industry_scheme: branchekode version, branchesystem, kodesystem, industry code version, industry
    scheme
industry_label: branchetekst, branchenavn, branchebetegnelse, hovedbranche, primær branche,
    industry, industry label, industry group, primary industry, industrycode
sector: branchegruppe, brancheområde, segment, vertikal, vertical, market sector
employees: ansatte, antal medarbejdere, medarbejdere, medarbejderantal, antal ans, ansatte
    interval, antal årsværk, årsværk, fte, employee count, number of employees, no of employees,
    numberofemployees, headcount, company size, virksomhedsstørrelse, størrelse
revenue: årlig omsætning, årsomsætning, nettoomsætning, annual revenue, annualrevenue, turnover,
    yearly revenue
gross_profit: bruttofortjeneste, bruttoresultat, bruttoavance, gross profit, grossprofit
main_phone: hovedtelefon, hovedtlf, hoved tlf, omstilling, omstillingsnummer, firmatelefon,
    firma tlf, firma telefon, virksomhedstelefon, virksomhed telefon, telefon firma, tlf firma,
    telefon hoved, company phone, company phone number, account phone, main phone, switchboard,
    head office phone
main_phone@company: telefon, telefonnr, telefonnummer, tlf, tlf nr, tlfnr, telefon 1, tlf 1,
    tel, phone, phone no, phone number, phone 1, telephone, telephone number, telephone1,
    nummer, business phone, fastnet, fastnettelefon
website: webside, websted, web, www, url, internetadresse, webadresse, web adresse, hjemmeside
    url, website url, websiteurl, web site, web page, homepage, home page, company website
root_domain: domæne, webdomæne, maildomæne, mail domæne, e-maildomæne, domain, domain name,
    company domain, company domain name, email domain, web domain
address: adresse 1, adresselinje 1, gade, gade og nr, gadenavn, vej, vejnavn, vejnavn og nr,
    gade/vej, postadresse, besøgsadresse, address 1, address line 1, street, street 1, street
    address, billing street, billing address, mailing street, mailing address, address 1: street
    1, address1_line1, shipping street, firmaadresse
postcode: postnr, post nr, pnr by, postkode, zip, zip code, zipcode, postal code, post code,
    zip/postal code, billing zip/postal code, billing postal code, mailing zip/postal code,
    mailing postal code, address 1: zip/postal code, address1_postalcode, shipping postal code
city: bynavn, postdistrikt, poststed, lokalitet, city, town/city, billing city, mailing city,
    address 1: city, address1_city, shipping city
country: landekode, landkode, land kode, lande kode, country code, country/region, billing
    country, mailing country, address 1: country/region, address1_country, shipping country,
    country iso
technology: teknologier, it system, systemer, produktrelevans, technologies, tech stack, web
    technologies, product relevance
parent_company: moderselskab cvr, ejer selskab, parent account, parent account name, parent
    company cvr, parent, parent company name, overordnet konto
ultimate_parent: koncern, koncernmoder, ultimativ ejer, global ultimate, ultimate parent
    company, global ultimate parent, group
credit_rating: kreditrating, kreditværdighed, kreditscore, rating, credit score, credit
    indicator
company_status: cvr status, selskabsstatus, registerstatus, livsforløb, legal status, account
    status
company_status@company: status
ad_protected: reklamebeskyttelse, reklame beskyttet, reklamebesk, reklamespærret, advertising
    protected, ad protection, advertisement protected
first_name: fornavne, for navn, fornavn(e), kontakt fornavn, kontaktperson fornavn, firstname,
    given name, givenname, forename, contact first name
last_name: efternavne, efter navn, kontakt efternavn, kontaktperson efternavn, slægtsnavn,
    lastname, surname, family name, contact last name
full_name: fuldt navn, for- og efternavn, fornavn og efternavn, kontaktnavn, kontaktperson,
    kontakt person, kontaktpersonens navn, person, personnavn, fullname, contact name, contact
    person, deltager, attendee, att
full_name@contact: navn, name, kontakt, contact
full_name@lead: navn, name, kontakt, contact, lead, lead name, emne, emnenavn
full_name@opt_out: navn, name, kontakt, contact
full_name@call: navn, name, kontakt, contact
full_name@meeting: navn, kontakt, contact
full_name@opportunity: kontakt, primary contact
title: stilling, stillingsbetegnelse, jobtitel, job titel, job title, jobtitle, position,
    kontakt titel, stillingstitel
function: afdeling, arbejdsområde, ansvarsområde, department, job function
seniority: anciennitetsniveau, stillingsniveau, ledelsesniveau, job seniority, seniority level,
    job level
direct_phone: direkte, direkte nr, direkte nummer, direkte tlf, direkte telefonnummer,
    direktenummer, direkte mobil, direct phone number, direct, direct dial, direct line,
    business phone, work phone, arbejdstelefon, telefon direkte, telefon arbejde, tlf arbejde,
    tlf direkte, business phone 1, telefon, telefonnr, telefonnummer, telefon nr, telefon 1,
    tlf, tlf nr, tlfnr, tlf nummer, tlf 1, tel, tel nr, fon, nummer, mobil, mobilnr, mobil nr,
    mobilnummer, mobiltelefon, mobiltlf, mob, mob nr, mobtlf, mobil tlf, mobiltelefonnummer,
    phone, phone no, phone number, phone 1, telephone, telephone number, telephone1, mobile,
    mobile no, mobile phone, mobile phone number, mobile number, mobilephone, cell, cell phone,
    cellphone, tlf/mobil, telefon/mobil, mobil/tlf, kontakttelefon, kontakt tlf
phone_extension: lokal, lokalnr, lok nr, lok, ext, extension, phone ext, telefon lokal
other_phone: andet nummer, andet telefonnummer, anden tlf, alternativ telefon, alternativt
    nummer, ekstra telefon, telefon 2, telefon 3, tlf 2, tlf 3, mobil 2, sekundær telefon,
    privat telefon, privat tlf, hjemmetelefon, telefon privat, other phone number, phone 2,
    phone 3, telephone2, telephone3, secondary phone, alternate phone, home phone, homephone,
    otherphone, assistant phone, business phone 2, telephone 2
other_phone@company: mobil, mobilnr, mobil nr, mobilnummer, mobiltelefon, mob, mob nr, mobile,
    mobile phone, mobilephone, direkte telefon, mobile phone number, kontakttelefon
email: mail, e-mailadresse, mailadresse, mail adresse, epost, e-post, email adresse, emailadr,
    e-mail adr, e mail 1, mail 1, kontakt e-mail, kontaktmail, firma e-mail, firmamail,
    arbejdsmail, email address, e-mail address, emailaddress1, email 1, work email, business
    email, primary email, contact email, company email, elektronisk post
employment: still at company, stadig i virksomheden, lid no longer at company
buying_role: købsrolle, rolle i købsprocessen, beslutningsrolle, role in buying, contact role
called_number: opkaldsnummer, ringet til, kaldt nummer, nummer kaldt, modtager nummer, til
    nummer, b-nummer, called number, dialed number, dialled number, phone called, to number,
    callee, destination, dnis, call to number
called_number@call: telefon, telefonnr, telefonnummer, tlf, tlf nr, tlfnr, nummer, mobil,
    mobilnr, phone, phone number, phonenumber, number, til, to, kundens nummer, customer number
shown_number: afsendernummer, udgående nummer, a-nummer, fra nummer, ringet fra, vis nummer,
    caller id, from number, call from number, ani, outgoing number, shown number
shown_number@call: fra, from
agent: sælger, medarbejder, telemarketer, ringer, konsulent, bruger, mødebooker, booker, agent
    name, agent navn, user, user name, caller, rep, assigned to, activity assigned to, initialer
call_list: opkaldsliste, ringe liste, liste, listenavn, calllist, list, list name, dialing list
campaign: kampagnenavn, kampagne navn, aktion, projekt, messe, event, campaign name, primary
    campaign source, source campaign, fair, begivenhed
outcome: resultat, opkaldsresultat, samtaleresultat, udfaldskode, slutkode, afslutningskode,
    mødestatus, disposition, call disposition, calldisposition, call outcome, call result,
    meeting outcome, result, wrap up, wrap-up code
outcome@call: status, call status
outcome@meeting: status
direction: opkaldsretning, ind/ud, call direction, call type, calltype, opkaldstype,
    directioncode
started_at: starttidspunkt, start, opkaldstidspunkt, opkaldstid, opkaldt, ringet, ringet den,
    mødedato, mødetidspunkt, starttid, dato/tid, dato og tid, dato tid, start time, started,
    call time, call date, call start, datetime, date time, datetime (utc), timestamp, call
    timestamp, activity date, meeting date, meeting start time, actual start, start date,
    scheduled start
started_at@call: dato, date, tid, time
started_at@meeting: dato, date, tid, time
duration_seconds: varighed, længde, taletid, samtaletid, opkaldslængde, sekunder, duration, talk time, call duration, call duration seconds, call
    duration in seconds, calldurationinseconds, duration (in call), call length
note: noter, notat, notater, bemærkning, bemærkninger, bem, kommentar, kommentarer, samtalenote,
    opkaldsnote, fritekst, notes, call notes, comment, comments, remarks, description,
    beskrivelse, full comments, call body, lead notes, mødenote, besked, message
last_contact_at: sidste kontakt, sidst kontaktet, senest kontaktet, seneste opkald, sidst
    ringet, seneste aktivitet, sidste aktivitet, kontaktet, last contacted, last activity, last
    activity date, last call, last called, notes last contacted, lastactivitydate
next_action: næste handling, næste aktivitet, opfølgning, aftale, next step, nextstep, follow
    up, next activity, to do
next_action_at: næste skridt dato, dato for næste skridt, næste handling dato, opfølgningsdato,
    opfølgning dato, ring igen, ring igen dato, ring tilbage, genkald, næste opkald, next step
    date, next action date, follow up date, callback, callback date, next activity date, due
    date
stage: fase, salgstrin, stage name, stagename, deal stage, dealstage, opportunity stage, sales
    stage, pipeline stage, lifecycle stage, lifecyclestage, livscyklusfase, kundestatus
contact_ref: kontakt id, kontaktid, kontaktpersonid, kontakt nr, kontaktnr, person id, lead id,
    leadid, emne id, contactid, contact no, who id, whoid, associated contact id, name id,
    contact guid, lead or contact id
company_ref: virksomheds id, virksomhed id, virksomhedsid, firma id, firmaid, firma nr, firmanr,
    kunde id, kundeid, kunde nr, kundenr, kundenummer, konto id, kontonr, account id, accountid,
    account number, account no, companyid, customer id, customer no, customer number, what id,
    whatid, primary associated company id, associated company id, related to id, account guid
source: kilde til data, datakilde, lead kilde, leadkilde, emnekilde, oprindelse, lead source,
    leadsource, original source, data source, account source, original traffic source, origin
owner: ejer, ansvarlig sælger, kundeansvarlig, kontoansvarlig, kontaktansvarlig, kontaktejer,
    virksomhedsejer, account owner, contact owner, company owner, lead owner, deal owner,
    opportunity owner, owner name, owner id, ownerid, record owner, account manager, activity
    owner
owner@company: sælger, konsulent
owner@contact: sælger, konsulent
owner@lead: sælger, konsulent
priority: prio, score, lead score, prioritering, prioritetsscore, priority score, rangering,
    hubspot score
lawful_basis: retsgrundlag, juridisk grundlag, lovligt grundlag, hjemmel, gdpr grundlag,
    legal basis, hs legal basis, legal basis for processing contact's data, basis for processing
lawful_basis_ref: interesseafvejning, interesseafvejning ref, grundlag reference, hjemmel
    reference, assessment ref, legal basis reference, lia reference
opt_out: nejtak, nej tak til alt, nej tak alle, må ikke kontaktes, kontakt ikke, ikke kontakt,
    ingen kontakt, frabedt, fravalg, frameldt, framelding, frabeder sig kontakt, spærret,
    sortlistet, blokeret, blacklist, optout, opted out, do not contact, dnc all, suppressed,
    suppression, unsubscribed all, has opted out, hasoptedoutsolicit, donotcontact,
    markedsføring nej tak, nej tak til markedsføring, msdyn gdproptout, gdpr optout
opt_out_call: nej tak opkald, nej tak telefon, nej tak til telefon, nej tak tlf, nejtak opkald,
    nejtak tlf, ring ikke, ring ikke op, må ikke ringes op, må ikke ringes, må ikke ringes til,
    ingen opkald, frabeder opkald, frabedt opkald, telefon frabedes, opkald frabedes, fravalg
    telefon, fravalg opkald, robinson, robinsonliste, robinson listen, på robinsonlisten, do not
    call, donotcall, dnc, do not phone, donotphone, do not allow phone calls, phone opt out,
    call opt out, opted out of calls, tillad ikke telefonopkald
opt_out_email: nej tak e-mail, nej tak mail, nej tak til mail, nej tak til nyhedsbrev, nej tak
    nyhedsbrev, nejtak mail, nejtak e-mail, frameldt nyhedsbrev, afmeldt nyhedsbrev, afmeldt,
    fravalg af e-mail, fravalg e-mail, fravalg mail, ingen mails, ingen e-mails, mail frabedes,
    email opt out, hasoptedoutofemail, has opted out of email, opted out of email, unsubscribed,
    unsubscribed from all email, hs email optout, do not email, donotemail, do not allow emails,
    donotbulkemail, do not allow bulk emails, tillad ikke mails, tillad ikke e-mails
opt_out_sms: nej tak sms, nejtak sms, ingen sms, fravalg sms, sms frabedes, sms opt out, do not
    text, do not sms, opted out of sms, afmeldt sms
channel: kanaler, channels, gælder, gælder for, gælder kanal, type, nej tak til, omfang, scope,
    medie
opt_out_at: nej tak den, nej tak dato, nejtak dato, dato for nej tak, frabedt den, frameldt den,
    frameldt dato, framelding dato, afmeldt den, afmeldingsdato, fravalgt den, spærret den, opt
    out date, opted out at, opted out date, unsubscribe date, unsubscribed at, do not call date,
    dnc date
opt_out_at@opt_out: dato, date, tidspunkt, timestamp, oprettet, modtaget, registreret, created,
    created at, added, added at
opt_out_source: nej tak kilde, nejtak kilde, kilde til nej tak, fravalg kilde, framelding kilde,
    opt out source, unsubscribe source
opt_out_source@opt_out: kilde, source, oprindelse, registreret af, modtaget af, modtaget via,
    origin, via
do_not_call_reason: nej tak årsag, nej tak begrundelse, årsag til nej tak, spærreårsag,
    blokeringsårsag, do not call reason, dnc reason, opt out reason, unsubscribe reason
do_not_call_reason@opt_out: årsag, begrundelse, grund, reason
data_checked_at: dataopdateret, data opdateret den, data tjekket, sidst tjekket, senest tjekket,
    sidst opdateret, senest opdateret, seneste opdatering, valideret den, data checked, data
    checked at, last verified, verified at, verified on, last data check
manual_check: manuel kontrol, manual check
manual_check_reason: årsag til manuel kontrol, manual check reason
informed_at: oplyst den, oplysningspligt opfyldt, informed on, art 14 informed"""


def headings(table: str = _HEADINGS) -> Mapping[str, tuple[str, ...]]:
    """The table as a mapping from `field` or `field@kind` to its headers."""
    joined = table.strip().replace("\n    ", " ")
    lines = (line.split(": ", 1) for line in joined.split("\n"))
    return {key: tuple(text.split(", ")) for key, text in lines}


def with_headings(rows: Iterable[Field]) -> tuple[Field, ...]:
    """The rows, each with its headers."""
    table = headings()
    return tuple(
        replace(
            row,
            aliases=(*row.aliases, *table.get(row.name, ())),
            kind_aliases={
                kind: table[f"{row.name}@{kind.value}"]
                for kind in Kind
                if f"{row.name}@{kind.value}" in table
            },
        )
        for row in rows
    )
