"""Traces for a collector of OpenTelemetry: a run, its stages, each call to a system.

Off unless `[traces] url` says where to; then nothing of it is even imported. What is told holds no
value of any record, no query, no body, no part of a path that could be somebody's, and of an error
its kind alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from connectors import spans
from connectors.spans import About, Note
from sync.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

NAME: Final = "ringren"
SECONDS: Final = 5
"""So long a batch may take: a collector that is away must not keep a command from ending."""


def begin(settings: Settings) -> Callable[[], None]:
    """Tell the collector that the settings name, if any. Gives how to end it: what was not sent is
    sent first, as it is when the process ends."""
    if settings.traces.url is None:
        return _nothing
    from sync.systems.doors import need

    need("traces.not_installed")
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from connectors.session import Line, open_session

    session = open_session(Line("traces", reads=(), is_traced=False))
    exporter = OTLPSpanExporter(settings.traces.url, timeout=SECONDS, session=session)
    # Made by hand, so that nothing of the surroundings is told: no host, no command line.
    provider = TracerProvider(resource=Resource({"service.name": NAME}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    spans.tell(_teller(provider.get_tracer(NAME)))

    def end() -> None:
        spans.tell(None)
        provider.shutdown()

    return end


def _nothing() -> None:
    """There is nothing to end."""


def _teller(tracer: Tracer) -> spans.Teller:
    from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
    from opentelemetry.trace import StatusCode

    @contextmanager
    def told(name: str, about: About) -> Iterator[Note]:
        # What an error says may hold a cell; its kind may be told.
        with tracer.start_as_current_span(
            name, attributes=dict(about()), record_exception=False, set_status_on_exception=False
        ) as one:
            try:
                yield one.set_attribute
            except BaseException as error:
                one.set_attribute(ERROR_TYPE, type(error).__name__)
                one.set_status(StatusCode.ERROR)
                raise

    return told
