"""What every part of the report is made of: values that cannot be changed, and words in both languages."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

Detail = str | int | float | None


class Part(BaseModel):
    """A part of the report: cannot be changed, and knows its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Words(Part):
    """The same said in both languages."""

    da: str
    en: str

    def of(self, lang: str) -> str:
        """In one of them."""
        return self.da if lang == "da" else self.en


class Said(Words):
    """A sentence with the stable key and the arguments that it was made from."""

    key: str
    details: dict[str, Detail] = {}
