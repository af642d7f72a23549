"""Settings: precedence, every kind of mistake with its place, secrets, homes, the example file."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import keyring
import keyring.backend
import keyring.errors
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st
from pydantic import BaseModel

from rules.errors import UserError
from rules.records import Kind
from sync import homes, masking
from sync.settings import Settings, SettingsError, fingerprint, read, secrets_file
from sync.settings.example import example
from sync.settings.lines import key_lines
from sync.settings.problems import Told
from sync.settings.sources import secret_keys, section_of
from sync.texts import Texts

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def a_place_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test sees the settings, the state or the environment of whoever runs it."""
    for name in list(__import__("os").environ):
        if name.upper().startswith("RINGREN_") or name == "CREDENTIALS_DIRECTORY":
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg-state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg-config"))
    monkeypatch.setattr(masking, "_secrets", set())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _file(text: str, name: str = "ringren.toml") -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def _problems(text: str, lang: str = "en") -> list[tuple[str, str, str]]:
    _file(text)
    with pytest.raises(SettingsError) as caught:
        read(lang=lang)
    return [(one.where, one.key, f"{one.message} – {one.remedy}") for one in caught.value.problems]


# --- where settings come from ----------------------------------------------------------------


def test_without_any_file_the_defaults_hold() -> None:
    settings = read()
    assert (settings.region, settings.limits.max_change_share, settings.plans.expire_days) == (
        "DK",
        0.3,
        7,
    )


def test_the_file_in_the_working_folder_comes_before_the_users_own() -> None:
    _file('region = "SE"', "xdg-config/ringren/settings.toml")
    assert read().region == "SE"
    _file('region = "NO"')
    assert read().region == "NO"
    other = _file('region = "DE"', "other.toml")
    assert read(file=other).region == "DE"


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    _file("[limits]\nmax_changes = 10\nflips = 4")
    monkeypatch.setenv("RINGREN_LIMITS__MAX_CHANGES", "20")
    assert (read().limits.max_changes, read().limits.flips) == (20, 4)


def test_an_empty_variable_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGREN_REGION", "")
    assert read().region == "DK"


def test_the_command_line_wins_over_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _file('[files]\nroot = "from-file"')
    monkeypatch.setenv("RINGREN_FILES__ROOT", "from-env")
    assert read().files.root == Path("from-env")
    assert read(root=tmp_path / "said").files.root == tmp_path / "said"


def test_a_secrets_folder_comes_between_environment_and_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "RINGREN_STATE__URL").write_text("postgresql://u:from-folder@h/db", "utf-8")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    _file('[state]\nurl = "postgresql:///plain"')
    assert "from-folder" in read().database_url
    monkeypatch.setenv("RINGREN_STATE__URL", "postgresql://u:from-env@h/db")
    assert "from-env" in read().database_url


def test_paths_in_a_file_are_meant_from_its_folder(tmp_path: Path) -> None:
    path = _file('[files]\nroot = "lists"\n[state]\npath = "memory"', "conf/settings.toml")
    settings = read(file=path)
    assert settings.files.root == Path("conf/lists")
    assert settings.home == Path("conf/memory")


# --- mistakes --------------------------------------------------------------------------------


def test_all_mistakes_are_told_at_once_with_line_key_and_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RINGREN_LIMITS__FLIP", "3")
    monkeypatch.setenv("RINGREN_PURGE__RUNS", "soon")
    found = _problems(
        'lang = "dk"\n'
        "region = 45\n"
        "[limits]\n"
        "max_chnge_share = 0.1\n"
        "flips = 0\n"
        "max_change_share = 1.5\n"
        "[files.named.'a b.csv']\n"
        'kind = "kontakt"\n'
        'delimiter = ";;"\n'
        'encoding = "latin-99"\n'
        'columns = { Mail = "email", Tlf = "direct_fone" }\n'
        "[rules]\n"
        'switch = { "full_name" = "maybe" }\n'
        "[fields.website]\n"
        "max_age_dys = 3\n"
    )
    assert {(where, key) for where, key, _ in found} == {
        ("ringren.toml:1", "lang"),
        ("ringren.toml:2", "region"),
        ("ringren.toml:4", "limits.max_chnge_share"),
        ("ringren.toml:5", "limits.flips"),
        ("ringren.toml:6", "limits.max_change_share"),
        ("ringren.toml:8", 'files.named."a b.csv".kind'),
        ("ringren.toml:9", 'files.named."a b.csv".delimiter'),
        ("ringren.toml:10", 'files.named."a b.csv".encoding'),
        ("ringren.toml:11", 'files.named."a b.csv".columns.Tlf'),
        ("ringren.toml:13", "rules.switch.full_name"),
        ("ringren.toml:15", "fields.website.max_age_dys"),
        ("$RINGREN_LIMITS__FLIP", ""),
        ("$RINGREN_PURGE__RUNS", "purge.runs"),
    }
    texts = {key or where: text for where, key, text in found}
    assert "max_change_share?" in texts["limits.max_chnge_share"]
    assert "RINGREN_LIMITS__FLIPS?" in texts["$RINGREN_LIMITS__FLIP"]
    assert "direct_phone?" in texts['files.named."a b.csv".columns.Tlf']
    assert "opt_out" in texts['files.named."a b.csv".kind']
    assert "1 or more" in texts["limits.flips"]
    assert not any("problem." in text or "error." in text for text in texts.values())


def test_mistakes_are_told_in_the_users_language() -> None:
    assert "mente du flips?" in _problems("[limits]\nflip = 1", "da")[0][2]


def test_no_error_shows_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    canary = "hunter2-kanariefugl"
    monkeypatch.setenv("RINGREN_LIMITS__FLIPS", canary)
    _file(f'region = "{canary}"\n[state]\nurl = "postgresql://u:{canary}@h/d"\nx = "{canary}"')
    with pytest.raises(SettingsError) as caught:
        read()
    assert canary not in str(caught.value)
    assert canary not in repr(caught.value.problems)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("text", "line"),
    [("a = 1\nb = = 2\n", 2), ("[limits]\nflips = 1\nflips = 2\n", 3), ('x = "open\n', 1)],
)
def test_what_is_no_toml_is_named_with_its_line(text: str, line: int) -> None:
    assert _problems(text)[0][0] == f"ringren.toml:{line}"


def test_a_file_that_is_not_utf8_is_named_with_its_line(tmp_path: Path) -> None:
    Path("ringren.toml").write_bytes('region = "DK"\n# Kør\n'.encode("windows-1252"))
    with pytest.raises(SettingsError) as caught:
        read()
    assert caught.value.problems[0].where == "ringren.toml:2"


def test_a_file_that_is_missing_is_an_error_when_it_was_asked_for() -> None:
    with pytest.raises(SettingsError, match="nowhere"):
        read(file=Path("nowhere.toml"))


def test_a_table_in_the_environment_must_be_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGREN_FIELDS", "{nonsense")
    with pytest.raises(SettingsError) as caught:
        read()
    assert caught.value.problems[0].where == "$RINGREN_FIELDS"
    monkeypatch.setenv("RINGREN_FIELDS", '{"website": {"max_age_days": 90}}')
    assert read().fields == {"website": {"max_age_days": 90}}


# --- secrets ---------------------------------------------------------------------------------


def test_the_secrets_are_found_by_walking_the_model() -> None:
    assert ("state", "url") in secret_keys(Settings)


def test_a_password_in_clear_in_the_file_is_refused() -> None:
    (problem,) = _problems('[state]\nurl = "postgresql://u:hunter2@h/db"')
    assert problem[:2] == ("ringren.toml:2", "state.url")
    assert "RINGREN_STATE__URL" in problem[2]


def test_an_address_without_a_password_is_no_secret() -> None:
    _file('[state]\nurl = "postgresql:///ringren"')
    assert read().database_url == "postgresql:///ringren"


def test_a_secret_may_stand_in_a_file_or_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("postgresql://u:in-a-file@h/db\n", "utf-8")
    _file(f'[state]\nurl = {{ file = "{secret}" }}')
    assert read().database_url == "postgresql://u:in-a-file@h/db"
    monkeypatch.setenv("RINGREN_MY_DATABASE", "postgresql://u:in-the-env@h/db")
    _file('[state]\nurl = { env = "RINGREN_MY_DATABASE" }')
    assert read().database_url == "postgresql://u:in-the-env@h/db"


def test_a_secret_may_stand_in_the_keyring_and_a_locked_one_is_named() -> None:
    class Held(keyring.backend.KeyringBackend):
        priority = 1  # type: ignore[assignment]
        locked = False

        def get_password(self, service: str, username: str) -> str | None:
            if self.locked:
                raise keyring.errors.KeyringLocked
            there = {("ringren", "database"): "postgresql://u:in-the-ring@h/db"}
            return there.get((service, username))

        def set_password(self, *_: str) -> None:
            raise AssertionError("nothing is ever put into the keyring")

        def delete_password(self, *_: str) -> None:
            raise AssertionError("nothing is ever taken out of the keyring")

    ring, before = Held(), keyring.get_keyring()
    keyring.set_keyring(ring)
    try:
        _file('[state]\nurl = { keyring = "database" }')
        assert read().database_url == "postgresql://u:in-the-ring@h/db"
        ring.locked = True
        (problem,) = _problems('[state]\nurl = { keyring = "database" }')
        assert "database" in problem[2]
    finally:
        keyring.set_keyring(before)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ('{ env = "NOT_SET_ANYWHERE" }', "NOT_SET_ANYWHERE"),
        ('{ file = "/nowhere/at/all" }', "/nowhere/at/all"),
        ('{ keyring = "no-such-entry" }', "no-such-entry"),
        ('{ env = "A", file = "b" }', "one place"),
        ("{}", "one place"),
    ],
)
def test_a_secret_that_is_not_where_it_should_be_is_named(value: str, says: str) -> None:
    (problem,) = _problems(f"[state]\nurl = {value}")
    assert says in problem[2]


def test_a_secret_is_masked_from_then_on_and_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGREN_STATE__URL", "sqlite:///hunter2-kanariefugl.db")
    settings = read()
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in masking.mask(f"cannot open {settings.database_url}")


# --- homes -----------------------------------------------------------------------------------


def test_each_audited_folder_has_a_home_of_its_own(tmp_path: Path) -> None:
    for name in ("Kunder Ærø", "b/Kunder Ærø"):
        (tmp_path / name).mkdir(parents=True)
    first = read(root=tmp_path / "Kunder Ærø").home
    second = read(root=tmp_path / "b/Kunder Ærø").home
    assert first != second
    assert first.parent == second.parent == tmp_path / "xdg-state/ringren"
    assert first.name.startswith("kunder-aeroe-")
    assert read(root=Path("b/../Kunder Ærø")).home == first


def test_a_state_folder_knows_what_it_is_the_state_of(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    homes.make_home(tmp_path / "state", tmp_path / "lists")
    assert read(state=tmp_path / "state").files.root == (tmp_path / "lists").resolve()
    with pytest.raises(UserError, match=r"error\.state_elsewhere"):
        homes.make_home(tmp_path / "state", tmp_path)


def test_the_only_known_folder_is_meant_when_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"error\.no_folder"):
        _ = read().home
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    homes.make_home(homes.home_of(tmp_path / "a"), tmp_path / "a")
    assert read().files.root == (tmp_path / "a").resolve()
    homes.make_home(homes.home_of(tmp_path / "b"), tmp_path / "b")
    with pytest.raises(UserError, match=r"error\.which_folder"):
        read()


def test_a_home_is_for_its_owner_only(tmp_path: Path) -> None:
    homes.make_home(tmp_path / "state", tmp_path)
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "state/audited.json").stat().st_mode & 0o777 == 0o600


def test_state_never_lies_in_what_is_audited(tmp_path: Path) -> None:
    lists = tmp_path / "lists"
    lists.mkdir()
    (tmp_path / "way-in").symlink_to(lists)
    for inside in (lists, lists / "state", lists / "a/b", tmp_path / "way-in/state"):
        with pytest.raises(UserError, match=r"error\.state_inside"):
            homes.refuse_overlap(inside, lists)
    homes.refuse_overlap(tmp_path / "lists-state", lists)


def test_forgetting_removes_what_is_ours_and_nothing_else(tmp_path: Path) -> None:
    home = tmp_path / "state"
    homes.make_home(home, tmp_path)
    for name in (homes.DATABASE, f"{homes.DATABASE}-wal", "theirs.csv"):
        (home / name).write_text("x", "utf-8")
    (home / "crashes").mkdir()
    homes.forget_home(home, None)
    assert [path.name for path in home.iterdir()] == ["theirs.csv"]
    (home / "theirs.csv").unlink()
    homes.make_home(home, tmp_path)
    homes.forget_home(home, None)
    assert not home.exists()


def test_a_folder_that_is_no_home_is_not_forgotten(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    (theirs / "reports").mkdir(parents=True)
    with pytest.raises(UserError, match=r"error\.no_home"):
        homes.forget_home(theirs, tmp_path / "lists")
    homes.make_home(theirs, theirs.parent / "lists")
    with pytest.raises(UserError, match=r"error\.state_inside"):
        homes.forget_home(theirs, theirs)
    assert (theirs / "reports").is_dir()


# --- what depends on settings ----------------------------------------------------------------


def test_the_fingerprint_moves_with_what_decides_and_with_nothing_else(tmp_path: Path) -> None:
    def marks(text: str) -> tuple[str, str, str]:
        _file(text)
        settings = read(root=tmp_path)
        kinds = (None, Kind.COMPANY, Kind.CALL)
        of_all, of_companies, of_calls = (fingerprint(settings, kind) for kind in kinds)
        return of_all, of_companies, of_calls

    def moved(text: str) -> list[bool]:
        return [a != b for a, b in zip(base, marks(text), strict=True)]

    base = marks("")
    _file("")
    assert base[0] == fingerprint(read(root=tmp_path / "elsewhere"))
    calm = "[logs]\nlevel = 'debug'\n[limits]\nmax_changes = 5\n[purge]\nruns = 9"
    assert moved(calm) == [False, False, False]
    assert moved("[rules]\nswitch = { phone = 'off' }") == [False, False, False]
    assert moved('region = "SE"') == [True, True, True]
    assert moved("[limits]\nflips = 9") == [True, True, True]
    assert moved("[suppression]\nmax_people_per_key = 9") == [True, True, True]
    assert moved("[fields.website]\nmax_age_days = 3") == [True, True, False]
    own = "[fields.x]\ntype = 'text'\nkinds = ['call']\nda = 'x'\nen = 'x'"
    assert moved(own) == [True, False, True]
    assert moved("[files.named.'a.csv']\ncolumns = { A = 'email' }") == [True, False, False]


def test_a_file_is_found_by_its_name_before_any_pattern() -> None:
    _file(
        "[files.named.'leads-*.csv']\nkind = 'lead'\n[files.named.'leads-9.csv']\nkind = 'contact'"
    )
    files = read().files
    assert files.of("leads-1.csv").kind == "lead"
    assert files.of("leads-9.csv").kind == "contact"
    assert files.of("other.csv").kind is None
    assert files.kinds["leads-1.csv"] == "lead"
    assert "other.csv" not in files.kinds
    assert dict(files.kinds) == {"leads-*.csv": "lead", "leads-9.csv": "contact"}
    assert not files.encodings


SWITCHED = """
[rules]
default = "propose"
switch = { phone = "off", cvr = "off", email = "off" }
fields = { main_phone = { phone = "on" }, email = { email = "on" } }
[rules.systems.files]
default = "off"
switch = { phone = "propose", email = "off" }
fields = { direct_phone = { phone = "on" } }
"""


@pytest.mark.parametrize(
    ("rule", "field", "elsewhere", "in_files"),
    [
        ("phone", "direct_phone", "off", "on"),  # the field in the system
        ("phone", "main_phone", "on", "propose"),  # the rule in the system, before the field
        ("email", "email", "on", "off"),
        ("cvr", "cvr", "off", "off"),  # the rule, before the system's default
        ("website", "website", "propose", "off"),  # the system's default
    ],
)
def test_what_is_said_most_closely_of_a_rule_counts(
    rule: str, field: str, elsewhere: str, in_files: str
) -> None:
    _file(SWITCHED)
    rules = read().rules
    assert [rules.of(rule, field, name) for name in ("crm", "files")] == [elsewhere, in_files]


def test_a_name_goes_before_a_systems_default() -> None:
    _file("[rules]\nswitch = { cvr = 'off' }\n[rules.systems.files]\ndefault = 'on'")
    assert read().rules.of("cvr", "cvr", "files") == "off"


def test_each_name_in_the_switches_that_does_not_exist_is_told_with_its_line() -> None:
    found = _problems(
        "[rules]\n"
        "switch = { fone = 'off' }\n"
        "fields = { email = { emial = 'off' }, emial = { email = 'off' } }\n"
        "[rules.systems.fliles]\n"
        "switch = { phone = 'off' }\n"
        "[rules.systems.files]\n"
        "defualt = 'off'\n"
    )
    assert [(where, key) for where, key, _ in found] == [
        ("ringren.toml:2", "rules.switch.fone"),
        ("ringren.toml:3", "rules.fields.email.emial"),
        ("ringren.toml:3", "rules.fields.emial"),
        ("ringren.toml:4", "rules.systems.fliles"),
        ("ringren.toml:7", "rules.systems.files.defualt"),
    ]
    near = [remedy for *_, remedy in found]
    assert ["phone?" in near[0], "email?" in near[1], "email?" in near[2]] == [True] * 3
    assert ["files?" in near[3], "default?" in near[4]] == [True] * 2


def test_a_switch_for_a_field_that_the_rule_never_touches_is_no_switch() -> None:
    found = _problems("[rules.systems.files]\nfields = { email = { cvr = 'off', phone = 'off' } }")
    assert [(where, key) for where, key, _ in found] == [
        ("ringren.toml:2", "rules.systems.files.fields.email.cvr")
    ]
    assert "cvr" in found[0][2]


# --- the example file ------------------------------------------------------------------------


def test_a_code_that_no_finding_has_is_told_with_its_line() -> None:
    text = (
        "[duties.days]\nmissing_at_entri = 3\nemail_typo = 3\n[duties.owners]\nnothing = 'sales'\n"
    )
    problems = _problems(text)
    assert [(where.rpartition(":")[2], key) for where, key, _ in problems] == [
        ("2", "duties.days.missing_at_entri"),
        ("5", "duties.owners.nothing"),
    ]
    assert "did you mean missing_at_entry?" in problems[0][2]
    assert "docs/findings.md" in problems[1][2]


def test_the_shipped_example_is_what_init_writes() -> None:
    shipped = (ROOT / "deploy/settings.example.toml").read_text("utf-8")
    assert shipped == example(Texts("en")), "renew it: sync init deploy/settings.example.toml"


@pytest.mark.parametrize("lang", ["da", "en"])
def test_the_example_changes_nothing_as_it_stands_and_is_right_once_in_force(
    lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = example(Texts(lang))
    _file(text)
    plain = read()
    assert plain.model_dump() == Settings().model_dump()
    assert "settings." not in text.replace("settings.toml", "")
    for name in re.findall(r'env = "(\w+)"', text):
        is_ping = name == "RINGREN_PING_URL"
        monkeypatch.setenv(name, "https://opdigtet-0001.dk" if is_ping else "postgresql:///x")
    in_force = re.sub(r"^#(?=\S)", "", text, flags=re.MULTILINE)
    _file(in_force)
    assert read().files.named
    model = {name for name, _ in Settings.model_fields.items()}
    assert set(tomllib.loads(in_force)) == model


@pytest.mark.parametrize("lang", ["da", "en"])
def test_each_setting_is_explained(lang: str) -> None:
    texts = Texts(lang)
    for name in Settings.model_fields:
        assert texts.find(f"settings.{name}")


def test_the_lifetimes_are_those_that_the_purge_knows() -> None:
    from dataclasses import asdict

    from state.purge import Lifetimes

    assert read().purge.model_dump() == asdict(Lifetimes())


# --- lines -----------------------------------------------------------------------------------


def test_the_line_of_each_key_is_found_in_whatever_toml_allows() -> None:
    text = (
        "# comment [not.a.table]\n"
        'top = """\n[no] = "x"\n"""\n'
        "list = [\n  1, # one\n  { a = 1 },\n  'x]',\n]\n"
        '[ a . "b.c" ]   # why not\n'
        "d.e = { f = 1, 'g h' = [ { i = 2 } ] }\n"
        "[[many]]\nx = 1\r\n[[many]]\ny = '''\n\n'''\nz = 1979-05-27T07:32:00Z\n"
    )
    tomllib.loads(text.replace("\r\n", "\n"))
    lines = key_lines(text)
    assert lines["top",] == 2
    assert lines["list",] == 5
    assert lines["a", "b.c"] == 10
    assert lines["a", "b.c", "d", "e", "f"] == 11
    assert lines["a", "b.c", "d", "e", "g h"] == 11
    assert lines["many", "x"] == 13
    assert lines["many", "y"] == 15
    assert lines["many", "z"] == 18


# --- every kind of mistake -------------------------------------------------------------------


def _leaves(model: type[BaseModel], above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for name, info in model.model_fields.items():
        inner = section_of(info.annotation)
        found += _leaves(inner, (*above, name)) if inner else [(*above, name)]
    return found


WRONG = ("[]", "[1, 'x']", "{ a = 1 }", "true", "-1", "1e400", "''", "'x\\u0000'", "1979-05-27")


@pytest.mark.parametrize("key", _leaves(Settings), ids=".".join)
def test_no_value_of_any_key_gives_anything_but_settings_or_an_explained_mistake(
    key: tuple[str, ...],
) -> None:
    for value in WRONG:
        *tables, last = key
        text = f"[{'.'.join(tables)}]\n{last} = {value}\n" if tables else f"\n{last} = {value}\n"
        _file(text)
        for problem in _mistakes():
            assert problem.where == "ringren.toml:2", (value, problem)
            assert problem.key.split(".")[: len(key)] == list(key), (value, problem)
            assert not problem.message.startswith("settings.problem"), (value, problem)
            assert not problem.remedy.startswith("settings.problem"), (value, problem)


def _mistakes() -> tuple[Told, ...]:
    """What is wrong with the settings of a call, empty when nothing is."""
    try:
        read(root=Path("lists"))
    except SettingsError as error:
        return error.problems or pytest.fail("refused without a reason")
    return ()


@pytest.mark.parametrize("name", sorted({key[0] for key in _leaves(Settings)}))
def test_a_section_that_is_no_section_is_an_explained_mistake(name: str) -> None:
    for value in ("1", "'x'", "[]", "true"):
        _file(f"{name} = {value}\n")
        assert {problem.where for problem in _mistakes()} <= {"ringren.toml:1"}


@given(st.text())
@settings_of_hypothesis(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    Path("ringren.toml").write_text(text, "utf-8", errors="replace")
    _mistakes()


# --- secrets beside the settings --------------------------------------------------------------


def _secrets(text: str, mode: int = 0o600) -> Path:
    path = Path("ringren.secrets")
    path.write_text(text, "utf-8")
    path.chmod(mode)
    return path


@pytest.fixture
def a_clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is taken into it from a file goes again, and so does the note of it."""
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setattr(secrets_file, "_taken", {})


@pytest.mark.usefixtures("a_clean_environment")
def test_a_secret_may_stand_in_the_file_beside_the_settings_as_systemd_reads_it() -> None:
    _file('[state]\nurl = { env = "DB" }')
    _secrets('# ours\nDB="postgresql://u:first@h/db"\nRINGREN_REGION=SE\nPATH=/somewhere\n')
    settings = read()
    assert (settings.database_url, settings.region) == ("postgresql://u:first@h/db", "SE")
    assert os.environ["PATH"] != "/somewhere"
    _secrets("DB=postgresql://u:second@h/db\n")
    assert read().database_url == "postgresql://u:second@h/db"


@pytest.mark.usefixtures("a_clean_environment")
def test_the_environment_wins_over_the_file_of_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    _file('[state]\nurl = { env = "DB" }')
    _secrets("DB=postgresql://u:file@h/db\n")
    os.environ["DB"] = "postgresql://u:own@h/db"
    assert read().database_url == "postgresql://u:own@h/db"


@pytest.mark.usefixtures("a_clean_environment")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_of_secrets_that_others_may_read_is_refused(mode: int) -> None:
    path = _secrets("DB=postgresql://u:secret@h/db\n", mode)
    (where, _, text), *_ = _problems('[state]\nurl = { env = "DB" }')
    assert where == str(path)
    assert "chmod 600 ringren.secrets" in text


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_makes_in_a_home_of_somebody_else_becomes_his(tmp_path: Path) -> None:
    home, outside = tmp_path / "home", tmp_path / "outside"
    (home / "keys").mkdir(parents=True)
    for path in (home / "keys/keys.json", home / "shared", outside):
        path.write_text("…")
    (home / "link").symlink_to(outside)
    os.link(home / "shared", tmp_path / "also")
    os.chown(home, 61234, 61235)
    homes.hand_over(home)
    his = {path.name for path in home.rglob("*") if path.lstat().st_uid == 61234}
    assert his == {"keys", "keys.json"}
    assert outside.stat().st_uid == 0
