"""The sections of vendors of company data: who sells what they know of companies, under a contract."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from sync.settings.crm import Calls, Elsewhere
from sync.settings.parts import Secret, Section

Signal = Literal[
    "funding", "new_manager", "new_accounts", "hiring", "expansion", "new_product", "merger"
]


class Firm(Section):
    """What all of them have. No price is guessed: 0 says that look-ups are in the subscription."""

    price_ore: Annotated[int, Field(ge=0, le=100_000)] | None = Field(default=None, examples=[0])
    kroner_a_night: Annotated[float, Field(ge=0)] = 100.0
    keeps_days: Annotated[int, Field(ge=1, le=3650)] = 100
    calls_a_day: Calls | None = Field(default=None, examples=[2_000])
    calls_a_run: Calls | None = Field(default=None, examples=[1_000])
    elsewhere: Elsewhere = Field(default_factory=dict, exclude=True)
    quota_share: ClassVar[float] = 1.0
    """None of them tells of a quota."""


class Lasso(Firm):
    """[sources.lasso]: Lasso X, and which of its additions are asked for."""

    key: Secret | None = Field(default=None, examples=[{"env": "LASSO_KEY"}])
    sites: bool = True
    reports: bool = False
    group: bool = False
    rating: bool = False
    calls_a_minute: Annotated[int, Field(ge=1, le=500)] = 450

    @property
    def is_used(self) -> bool:
        """Whether there is a key to ask with."""
        return self.key is not None

    @model_validator(mode="after")
    def _a_rating_costs(self) -> Self:
        if self.rating and self.price_ore == 0:
            raise PydanticCustomError("rating_price", "a rating costs a credit")
        return self


class Vainu(Firm):
    """[sources.vainu]: technologies and signals."""

    client_id: str | None = Field(default=None, examples=["0123456789abcdef"])
    client_secret: Secret | None = Field(default=None, examples=[{"env": "VAINU_SECRET"}])
    signals: bool = True
    signal_tags: dict[str, Signal] = Field(default_factory=dict, examples=[{"43544": "hiring"}])
    paths: dict[Literal["employees", "sector", "phone", "domain"], str] = Field(
        default_factory=dict, examples=[{"employees": "staff_number"}]
    )

    @property
    def is_used(self) -> bool:
        """Whether there is anything to sign in with; it takes both."""
        return self.client_id is not None or self.client_secret is not None


class Dnb(Firm):
    """[sources.dnb]: Direct+, and the blocks of the contract."""

    key: str | None = Field(default=None, examples=["0123456789abcdef"])
    secret: Secret | None = Field(default=None, examples=[{"env": "DNB_SECRET"}])
    blocks: tuple[
        Literal[
            "companyinfo_L2_v1", "hierarchyconnections_L1_v1", "financialstrengthinsight_L2_v1"
        ],
        ...,
    ] = ("companyinfo_L2_v1",)

    @property
    def is_used(self) -> bool:
        """Whether there is anything to sign in with; it takes both."""
        return self.key is not None or self.secret is not None
