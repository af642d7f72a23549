"""What takes longer than an answer may: a plan carried out, a run taken back, a job done.

The same work whoever asks for it, on the page or over the API; what is wrong with the question is
told at once, before anything waits to be done.
"""

from __future__ import annotations

from rules.errors import Exit
from rules.records import Ref
from sync.app import App
from sync.passes import Outcome
from sync.review import plans, undo
from sync.service.foreground import once
from sync.service.jobs import named
from sync.suppression import consents, lifts
from sync.web.hands import Done, Hands, Piece, Tools


def apply_plan(app: App, hands: Hands, by: str, number: int) -> Piece:
    """`sync apply NUMBER`; UserError when it may not be carried out."""
    plans.appliable(app, number)

    def work(tools: Tools) -> Done:
        with tools.opened(f"apply {number}") as own:
            return _done(plans.apply(own, number))

    return hands.give("apply", str(number), by, work)


def undo_run(
    app: App, hands: Hands, by: str, number: int, *, rule: str | None, ref: Ref | None
) -> Piece:
    """`sync undo NUMBER --yes`; UserError for a run or a record that there is not."""
    undo.preview(app, number, rule=rule, ref=ref)

    def work(tools: Tools) -> Done:
        with tools.opened(f"undo {number}") as own:
            return _done(undo.undo(own, number, rule=rule, ref=ref))

    part = " ".join(str(one) for one in (rule, ref) if one)
    return hands.give("undo", str(number), by, work, part)


def confirm_consent(
    app: App, hands: Hands, by: str, ref: Ref, said: consents.Said, reader: str
) -> Piece:
    """`sync consents confirm REF --yes`, by whoever has read the note; UserError when it may not be."""
    lifts.named(reader)
    consents.plan(app, ref, said)

    def work(tools: Tools) -> Done:
        with tools.opened("consents confirm") as own:
            done = consents.confirm(own, ref, said, reader)
        ended = None if done.written else {"message": f"job.ended.{done.exit_code.value}"}
        return Done(ended, done.run)

    return hands.give("consent", said.channel.value, by, work, str(ref))


def do_job(hands: Hands, by: str, name: str) -> Piece:
    """`sync jobs run NAME`; UserError when there is no such job."""
    job = named(name)

    def work(tools: Tools) -> Done:
        from sync.crashes import write_at

        settings = tools.app.settings
        ended = once(
            settings,
            job.name,
            actor=tools.actor,
            progress=tools.progress,
            crashed=lambda error: write_at(error, settings.home),
            holder=f"{tools.holder}/{job.name}",
            stopping=tools.stopping,
        )
        return Done(ended.error)

    return hands.give("job", job.name, by, work)


def _done(outcome: Outcome) -> Done:
    """What is told of a pass."""
    run = outcome.report.run.run
    if outcome.failures:
        one = outcome.failures[0]
        return Done({"message": one.message, **one.details, "system": one.system}, run)
    if outcome.exit_code not in (Exit.OK, Exit.CHANGES, Exit.VIOLATION):
        return Done({"message": f"job.ended.{outcome.exit_code.value}"}, run)
    return Done(run=run)
