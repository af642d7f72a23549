"""Every address of the API as one table of data: what it takes to ask, what may be asked, what comes.

The answers of `/api/v1` are the objects that the commands print with `--json`. Nobody is named in an
address of it: whoever and whatever record is asked about stands in the body.
"""

from __future__ import annotations

from typing import Final

from rules.keys import Key, KeyKind
from state.history import Run, list_runs
from state.proposals import Plan
from state.tokens import Scope
from sync import listings
from sync.calling import releasing, violations
from sync.enrichment import enriching
from sync.report import words
from sync.report.build import of_run
from sync.report.model import FindingGroup, Report
from sync.review import choosing, deciding, explain, linking, parties, plans, undo
from sync.service import overview, status
from sync.service.houses import HouseLine
from sync.suppression import consents, desk, lifts, receipts
from sync.upkeep import recipients
from sync.web import doing, shapes
from sync.web.call import Call, Way, keys_said, ref_said
from sync.web.hands import Piece
from sync.web.memory import causes, houses
from sync.web.refusals import Refused

MOST_RECEIPTS: Final = 9_999_999
"""A longer number would be looked up as one that somebody is called by."""


# --- looking ---------------------------------------------------------------------------------


def _checked(call: Call) -> desk.Checked:
    return desk.check(call.app, keys_said(call), desk.when(call.said.at, call.app.clock()).end)


def _story(call: Call) -> desk.Story:
    ref = ref_said(call.said.record)
    named = [Key(KeyKind.REF, str(ref))] if ref else []
    if not named or call.said.model_dump(exclude={"record"}, exclude_none=True):
        named += keys_said(call)
    return desk.story(call.app, named)


def _receipts(call: Call) -> receipts.Receipts:
    if call.number > MOST_RECEIPTS:
        raise Refused(404, "api.nothing_there")
    return receipts.receipts_of(call.app, str(call.number))


def _violations(call: Call) -> violations.Listed:
    said: shapes.AskViolations = call.said
    return violations.look(call.app, said.verdict, everything=said.everything, limit=said.limit)


def _findings(call: Call) -> list[listings.Assigned]:
    said: shapes.AskFindings = call.said
    code, app = call.path["code"], call.app
    if not words.exists(f"finding.{code}"):
        raise Refused(404, "api.nothing_there")
    wanted = listings.Wanted(code=code, gone=said.gone, decided=said.decided, owner=said.owner)
    with app.store.reading() as tx:
        return listings.first(tx, wanted, [code], said.limit, app.duties, said.after)


def _runs(call: Call) -> list[Run]:
    with call.app.store.reading() as tx:
        return list_runs(tx, call.said.limit)


def _explained(call: Call) -> explain.Explanation:
    ref = ref_said(call.said.record)
    assert ref is not None  # noqa: S101 - the body has one
    return explain.explain(call.app, ref, call.said.field)


def _parties(call: Call) -> parties.Parties:
    ref = ref_said(call.said.record)
    return (
        parties.look(call.app, call.said.limit, unsure=call.said.unsure)
        if ref is None
        else parties.look_at(call.app, ref)
    )


def _work(call: Call) -> Piece:
    found = [one for one in call.hands.listed() if one.number == call.number]
    if not found:
        raise Refused(404, "api.nothing_there")
    return found[0]


# --- the table -------------------------------------------------------------------------------

_V1: Final = "/api/v1"

WAYS: Final[tuple[Way, ...]] = (
    Way("check", "GET", "/v1/check", Scope.CHECK, shapes.AskContactInQuery, shapes.Barred),
    Way("check_all", "POST", "/v1/check", Scope.CHECK, shapes.AskContacts, shapes.ManyBarred),
    Way(
        "record", "POST", "/v1/opt-outs", Scope.RECORD, shapes.SayOptOut | shapes.SayOptOuts,
        shapes.OptOutNoted | shapes.OptOutsNoted, status=201,
        refused=shapes.Refusal | shapes.OptOutsNoted,
    ),
    Way("links", "POST", "/v1/links", Scope.LINKS, shapes.AskLinks, shapes.Links),
    Way(
        "overview", "GET", f"{_V1}/overview", Scope.LOOK, None, overview.Overview,
        lambda call: overview.overview(call.app),
    ),
    Way(
        "status", "GET", f"{_V1}/status", Scope.LOOK, None, status.Status,
        lambda call: status.status(call.app),
    ),
    Way(
        "houses", "GET", f"{_V1}/houses", Scope.LOOK, None, list[HouseLine],
        lambda call: houses(call.app, call.memory),
    ),
    Way(
        "jobs", "GET", f"{_V1}/jobs", Scope.LOOK, None, list[status.JobLine],
        lambda call: status.jobs(call.app),
    ),
    Way(
        "job_done", "POST", f"{_V1}/jobs/{{name}}/run", Scope.WORK, None, Piece, doing.job_done,
        status=202,
    ),
    Way(
        "work", "GET", f"{_V1}/work", Scope.LOOK, None, list[Piece],
        lambda call: call.hands.listed(),
    ),
    Way("piece", "GET", f"{_V1}/work/{{number}}", Scope.LOOK, None, Piece, _work),
    Way(
        "checked", "POST", f"{_V1}/suppression/check", Scope.ASK, shapes.AskCheck, desk.Checked,
        _checked,
    ),
    Way("story", "POST", f"{_V1}/suppression/why", Scope.ASK, shapes.AskWhy, desk.Story, _story),
    Way(
        "receipt", "GET", f"{_V1}/suppression/receipts/{{number}}", Scope.ASK, None,
        receipts.Receipts, _receipts,
    ),
    Way(
        "requests", "GET", f"{_V1}/suppression/requests", Scope.PROPOSE, None,
        list[lifts.Waiting], lambda call: lifts.waiting(call.app),
    ),
    Way(
        "lift_proposed", "POST", f"{_V1}/suppression/lifts", Scope.PROPOSE, shapes.ProposeLift,
        lifts.Asked, doing.lift_proposed, status=201,
    ),
    Way(
        "correction_proposed", "POST", f"{_V1}/suppression/corrections", Scope.PROPOSE,
        shapes.ProposeCorrection, lifts.Asked, doing.correction_proposed, status=201,
    ),
    Way(
        "list_checked", "POST", f"{_V1}/lists/check", Scope.LISTS, shapes.SendList,
        releasing.Washed,
    ),
    Way("list_fetched", "GET", f"{_V1}/lists/{{release}}", Scope.LISTS, None, bytes),
    Way(
        "consents", "GET", f"{_V1}/consents", Scope.PROPOSE, shapes.AskFew, list[consents.Proposed],
        lambda call: consents.waiting(call.app, call.said.limit),
    ),
    Way(
        "consent_seen", "POST", f"{_V1}/consents/preview", Scope.PROPOSE, shapes.AskConsent,
        consents.Planned, doing.consent_seen,
    ),
    Way(
        "consent_confirmed", "POST", f"{_V1}/consents/confirm", Scope.WRITE, shapes.ConfirmConsent,
        Piece, doing.consent_confirmed, status=202,
    ),
    Way(
        "consent_refused", "POST", f"{_V1}/consents/refuse", Scope.PROPOSE, shapes.RefuseConsent,
        list[consents.Answered], doing.consent_refused,
    ),
    Way(
        "violations", "GET", f"{_V1}/violations", Scope.VIOLATIONS, shapes.AskViolations,
        violations.Listed, _violations,
    ),
    Way(
        "violation", "GET", f"{_V1}/violations/{{number}}", Scope.VIOLATIONS, None,
        violations.Explained, lambda call: violations.explain(call.app, call.number),
    ),
    Way(
        "answered", "POST", f"{_V1}/violations/answers", Scope.ANSWER, shapes.AskAnswer,
        shapes.Acknowledged, doing.answered,
    ),
    Way(
        "causes", "GET", f"{_V1}/findings", Scope.RECORDS, shapes.AskCauses, list[FindingGroup],
        lambda call: causes(call.app, call.memory, call.said.owner),
    ),
    Way(
        "findings", "GET", f"{_V1}/findings/{{code}}", Scope.RECORDS, shapes.AskFindings,
        list[listings.Assigned], _findings,
    ),
    Way(
        "findings_decided", "POST", f"{_V1}/findings/decisions", Scope.WRITE,
        shapes.DecideFindings, deciding.Decision, doing.findings_decided,
    ),
    Way(
        "sources", "GET", f"{_V1}/sources", Scope.LOOK, None, list[enriching.SourceLine],
        lambda call: call.memory.of("sources", None, lambda: enriching.sources(call.app)),
    ),
    Way(
        "processors", "GET", f"{_V1}/sources/processors", Scope.LOOK, None,
        list[recipients.Recipient], lambda call: recipients.recipients(call.app),
    ),
    Way(
        "questions", "GET", f"{_V1}/sources/questions", Scope.RECORDS, shapes.AskFew,
        list[choosing.Question], lambda call: choosing.questions(call.app, call.said.limit),
    ),
    Way(
        "question_answered", "POST", f"{_V1}/sources/answers", Scope.WRITE, shapes.AnswerQuestion,
        shapes.AnswerKept, doing.question_answered,
    ),
    Way(
        "plans", "GET", f"{_V1}/plans", Scope.RECORDS, shapes.AskFew, list[Plan],
        lambda call: plans.listed(call.app, call.said.limit),
    ),
    Way(
        "plan", "GET", f"{_V1}/plans/{{number}}", Scope.RECORDS, None, plans.Planned,
        lambda call: plans.look(call.app, call.number),
    ),
    Way(
        "applied", "POST", f"{_V1}/plans/{{number}}/apply", Scope.WRITE, None, Piece, doing.applied,
        status=202,
    ),
    Way("runs", "GET", f"{_V1}/runs", Scope.RECORDS, shapes.AskFew, list[Run], _runs),
    Way(
        "report", "GET", f"{_V1}/runs/{{number}}/report", Scope.RECORDS, None, Report,
        lambda call: of_run(call.app, call.number),
    ),
    Way(
        "preview", "POST", f"{_V1}/runs/{{number}}/undo/preview", Scope.RECORDS, shapes.AskUndo,
        undo.Undo, doing.preview,
    ),
    Way(
        "undone", "POST", f"{_V1}/runs/{{number}}/undo", Scope.WRITE, shapes.AskUndo, Piece,
        doing.undone, status=202,
    ),
    Way(
        "explained", "POST", f"{_V1}/records", Scope.RECORDS, shapes.AskRecord,
        explain.Explanation, _explained,
    ),
    Way(
        "parties", "POST", f"{_V1}/parties", Scope.RECORDS, shapes.AskParties, parties.Parties,
        _parties,
    ),
    Way(
        "party_said", "POST", f"{_V1}/parties/links", Scope.WRITE, shapes.SayParty, linking.Said,
        doing.party_said,
    ),
)  # fmt: skip
"""In the order of the description. `api.way.<name>` says in both languages what it is for."""
