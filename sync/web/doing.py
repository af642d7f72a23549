"""What the API does beside looking: each of it by the code of the command and of the page."""

from __future__ import annotations

from rules.records import Ref
from rules.suppression import Channel, Evidence
from state.decisions import Chosen
from sync.calling import violations
from sync.review import choosing, deciding, linking, undo
from sync.suppression import consents, desk, lifts
from sync.web import deeds, shapes
from sync.web.call import Call, keys_said, ref_said
from sync.web.hands import Piece


def answered(call: Call) -> dict[str, list[int]]:
    """`sync violations ack`."""
    said: shapes.AskAnswer = call.said
    done = violations.acknowledge(
        call.app, said.numbers, said.verdict, by=said.by, reason=said.reason
    )
    return {"acknowledged": done}


def preview(call: Call) -> undo.Undo:
    """`sync undo NUMBER`, before anybody says yes."""
    said: shapes.AskUndo = call.said
    return undo.preview(call.app, call.number, rule=said.rule, ref=ref_said(said.record))


def undone(call: Call) -> Piece:
    """`sync undo NUMBER --yes`."""
    said: shapes.AskUndo = call.said
    ref = ref_said(said.record)
    return deeds.undo_run(call.app, call.hands, call.by, call.number, rule=said.rule, ref=ref)


def applied(call: Call) -> Piece:
    """`sync apply NUMBER`."""
    return deeds.apply_plan(call.app, call.hands, call.by, call.number)


def job_done(call: Call) -> Piece:
    """`sync jobs run NAME`."""
    return deeds.do_job(call.hands, call.by, call.path["name"])


def findings_decided(call: Call) -> deciding.Decision:
    """`sync findings decide`."""
    said: shapes.DecideFindings = call.said
    chosen = Chosen(said.codes, said.numbers, said.severity, said.field, said.stream)
    what = deciding.What(said.what)
    return deciding.decide(call.app, chosen, what, said.why, said.by, said.until)


def question_answered(call: Call) -> shapes.AnswerKept:
    """`sync sources answer`."""
    said: shapes.AnswerQuestion = call.said
    ref = ref_said(said.record)
    assert ref is not None  # noqa: S101 - the body has one
    choosing.answer(call.app, ref, said.by, said.company, said.field, said.right)
    return shapes.AnswerKept(record=str(ref))


def party_said(call: Call) -> linking.Said:
    """`sync parties REF --same-as, --apart, --confirm, --free`."""
    said: shapes.SayParty = call.said
    what, other = linking.What(said.what), ref_said(said.other)
    return linking.say(call.app, what, _record(call), said.why, said.by, other)


# --- proposed: what a second person decides --------------------------------------------------


def lift_proposed(call: Call) -> lifts.Asked:
    """`sync suppression lift`."""
    said: shapes.ProposeLift = call.said
    span = desk.when(said.at, call.app.clock())
    proof = Evidence(said.proof)
    consent = lifts.Consent(Channel(said.channel), span, proof, said.source, said.evidence)
    return lifts.propose_lift(call.app, keys_said(call), consent, said.by)


def correction_proposed(call: Call) -> lifts.Asked:
    """`sync suppression correct`."""
    said: shapes.ProposeCorrection = call.said
    return lifts.propose_correction(call.app, said.entry, said.why, said.by)


# --- consents in notes -----------------------------------------------------------------------


def consent_seen(call: Call) -> consents.Planned:
    """`sync consents confirm`, before anybody says yes."""
    said: shapes.AskConsent = call.said
    return consents.plan(call.app, _record(call), _consent(said))


def consent_confirmed(call: Call) -> Piece:
    """`sync consents confirm --yes`."""
    said: shapes.ConfirmConsent = call.said
    return deeds.confirm_consent(
        call.app, call.hands, call.by, _record(call), _consent(said), said.by
    )


def consent_refused(call: Call) -> list[consents.Answered]:
    """`sync consents refuse`."""
    said: shapes.RefuseConsent = call.said
    channels = [Channel(one) for one in said.channels]
    return consents.refuse(call.app, _record(call), channels, said.why, said.by)


def _consent(said: shapes.AskConsent) -> consents.Said:
    return consents.Said(Channel(said.channel), said.at, said.source)


def _record(call: Call) -> Ref:
    ref = ref_said(call.said.record)
    assert ref is not None  # noqa: S101 - the body has one
    return ref
