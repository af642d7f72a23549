"""The compliance layer of the catalogue (R22–R25): consent, lawful basis, opt-outs, last check.

Polarity: an `opt_out*` field says no when it is true, a `consent*` field says yes when it is true.
Headers that ask the other way round (`Må kontaktes`) are aliases of the consent.
"""

from __future__ import annotations

from dataclasses import replace

from rules.fields.choices import CHANNEL, LAWFUL_BASIS
from rules.fields.field import (
    NAYS,
    PARTIES,
    PEOPLE,
    TO_CALL,
    TO_HAND_OVER,
    Field,
    Layer,
    Role,
    Type,
)

_HEARD = ("customer", "form", "compliance", "marketing", "dialer", "crm", "list")


def _consent(
    channel: str,
    da: str,
    en: str,
    yes: tuple[str, ...],
    words: tuple[str, ...],
) -> tuple[Field, Field, Field]:
    """Consent to one channel: the yes or no, its date, its source (R22).

    `yes` are headers of the flag; `words` name the channel in headers of date and source.
    """
    flag = Field(
        name=f"consent_{channel}",
        layer=Layer.COMPLIANCE,
        kinds=PEOPLE,
        home=PEOPLE,
        type=Type.BOOL,
        format="format.bool",
        da=f"Samtykke til {da}",
        en=f"Consent to {en}",
        owner="compliance",
        sources=_HEARD,
        requirement="R22",
        role=Role.CONSENT,
        channel=channel,
        aliases=(
            *yes,
            *(f"samtykke {word}" for word in words),
            *(f"{word} samtykke" for word in words),
            *(f"consent {word}" for word in words),
            *(f"{word} consent" for word in words),
            *(f"{word} opt in" for word in words),
            *(f"opt in {word}" for word in words),
        ),
    )
    at = replace(
        flag,
        name=f"consent_{channel}_at",
        type=Type.DATETIME,
        format="format.datetime",
        validator="evidence",
        da=f"Samtykke til {da}, dato",
        en=f"Consent to {en}, date",
        role=Role.EVIDENCE,
        aliases=tuple(
            form.format(word)
            for word in words
            for form in (
                "samtykke {} dato",
                "samtykkedato {}",
                "dato for samtykke {}",
                "{} samtykke dato",
                "consent {} date",
                "{} consent date",
                "{} opt in date",
            )
        ),
    )
    source = replace(
        at,
        name=f"consent_{channel}_source",
        type=Type.TEXT,
        validator="",
        format="format.text",
        da=f"Samtykke til {da}, kilde",
        en=f"Consent to {en}, source",
        aliases=tuple(
            form.format(word)
            for word in words
            for form in (
                "samtykke {} kilde",
                "samtykkekilde {}",
                "kilde til samtykke {}",
                "{} samtykke kilde",
                "consent {} source",
                "{} consent source",
                "{} opt in source",
            )
        ),
    )
    return flag, at, source


def _opt_out(
    channel: str,
    da: str,
    en: str,
) -> Field:
    """A no to one channel, or to all (R24)."""
    return Field(
        name="opt_out" if channel == "all" else f"opt_out_{channel}",
        layer=Layer.COMPLIANCE,
        kinds=PARTIES | NAYS,
        home=PARTIES,
        type=Type.BOOL,
        format="format.bool",
        da=da,
        en=en,
        owner="compliance",
        sources=_HEARD,
        requirement="R24",
        role=Role.OPT_OUT,
        channel=channel,
    )


COMPLIANCE: tuple[Field, ...] = (
    *_consent(
        "call",
        "opkald",
        "calls",
        (
            "må ringes op",
            "må ringes til",
            "må kontaktes telefonisk",
            "permission to call",
            "call permission",
            "ring tilladt",
        ),
        ("opkald", "telefon", "tlf", "call", "phone", "telefonisk"),
    ),
    *_consent(
        "email",
        "e-mail",
        "e-mail",
        (
            "nyhedsbrev",
            "tilmeldt nyhedsbrev",
            "modtager nyhedsbrev",
            "nyhedsbrev ja",
            "må modtage e-mail",
            "newsletter",
            "subscribed",
            "email permission",
        ),
        ("e-mail", "mail", "nyhedsbrev"),
    ),
    *_consent("sms", "SMS", "SMS", ("må modtage sms", "sms permission"), ("sms",)),
    Field(
        name="lawful_basis",
        layer=Layer.COMPLIANCE,
        kinds=PEOPLE,
        home=PEOPLE,
        type=Type.PICKLIST,
        format="format.choice",
        da="Behandlingsgrundlag",
        en="Lawful basis",
        owner="compliance",
        sources=("compliance", "marketing", "sales", "crm", "list"),
        requirement="R23",
        mandatory_at=TO_CALL,
        choices=LAWFUL_BASIS,
        closed=True,
    ),
    Field(
        name="lawful_basis_ref",
        layer=Layer.COMPLIANCE,
        kinds=PEOPLE,
        home=PEOPLE,
        type=Type.TEXT,
        format="format.text",
        da="Behandlingsgrundlag, dokumentation",
        en="Lawful basis, reference",
        owner="compliance",
        sources=("compliance", "marketing", "sales", "crm", "list"),
        requirement="R23",
        mandatory_at=TO_HAND_OVER,
        role=Role.EVIDENCE,
    ),
    _opt_out(
        "all",
        "Nej tak",
        "Opt-out",
    ),
    _opt_out(
        "call",
        "Nej tak til opkald",
        "Opt-out of calls",
    ),
    _opt_out(
        "email",
        "Nej tak til e-mail",
        "Opt-out of e-mail",
    ),
    _opt_out(
        "sms",
        "Nej tak til SMS",
        "Opt-out of SMS",
    ),
    Field(
        name="channel",
        layer=Layer.COMPLIANCE,
        kinds=NAYS,
        home=NAYS,
        type=Type.PICKLIST,
        format="format.choice",
        da="Kanal",
        en="Channel",
        owner="compliance",
        sources=_HEARD,
        requirement="R64",
        choices=CHANNEL,
        closed=True,
    ),
    Field(
        name="opt_out_at",
        layer=Layer.COMPLIANCE,
        kinds=PARTIES | NAYS,
        home=PARTIES | NAYS,
        type=Type.DATETIME,
        format="format.datetime",
        da="Nej tak, dato",
        en="Opt-out, date",
        owner="compliance",
        sources=_HEARD,
        requirement="R24",
        validator="evidence",
        role=Role.EVIDENCE,
        channel="all",
    ),
    Field(
        name="opt_out_source",
        layer=Layer.COMPLIANCE,
        kinds=PARTIES | NAYS,
        home=PARTIES | NAYS,
        type=Type.TEXT,
        format="format.text",
        da="Nej tak, kilde",
        en="Opt-out, source",
        owner="compliance",
        sources=_HEARD,
        requirement="R24",
        role=Role.EVIDENCE,
        channel="all",
    ),
    Field(
        name="do_not_call_reason",
        layer=Layer.COMPLIANCE,
        kinds=PARTIES | NAYS,
        home=PARTIES,
        type=Type.TEXT,
        format="format.text",
        da="Begrundelse for nej tak",
        en="Reason for opt-out",
        owner="compliance",
        sources=_HEARD,
        requirement="R70",
        personal=True,
    ),
    Field(
        name="data_checked_at",
        layer=Layer.COMPLIANCE,
        kinds=PARTIES,
        home=PARTIES,
        type=Type.DATE,
        format="format.date",
        da="Data opdateret",
        en="Data checked on",
        owner="system",
        sources=("system", "research", "crm", "list"),
        requirement="R25",
        validator="day",
        mandatory_at=TO_CALL,
        max_age_days=365,
    ),
    Field(
        name="manual_check",
        layer=Layer.COMPLIANCE,
        kinds=PARTIES,
        home=PARTIES,
        type=Type.BOOL,
        format="format.bool",
        da="Kræver manuel kontrol",
        en="Needs a manual check",
        owner="system",
        sources=("system", "research", "crm", "list"),
        requirement="R46",
    ),
    Field(
        name="manual_check_reason",
        layer=Layer.COMPLIANCE,
        kinds=PARTIES,
        home=PARTIES,
        type=Type.TEXT,
        format="format.text",
        da="Hvorfor manuel kontrol",
        en="Why a manual check",
        owner="system",
        sources=("system", "research", "crm", "list"),
        requirement="R46",
    ),
    Field(
        name="informed_at",
        layer=Layer.COMPLIANCE,
        kinds=PARTIES,
        home=PEOPLE,
        type=Type.DATE,
        format="format.date",
        da="Oplyst om behandlingen",
        en="Informed of the processing",
        owner="compliance",
        sources=("compliance", "marketing", "crm", "list"),
        requirement="R80",
        validator="day",
        role=Role.EVIDENCE,
    ),
)
