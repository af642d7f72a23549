"""What is in deploy/: read as its reader reads it, and held to what is promised of it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pages import boards

from sync.cli import COMMANDS
from sync.service.measures import MEASURES
from sync.settings import read

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNITS = (DEPLOY / "ringren@.service", DEPLOY / "ringren-worker@.service")
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
NAMES = {row.name for row in MEASURES}


def _documents(path: Path) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all(path.read_text("utf-8")) if one]


def _of_kind(path: Path, *kinds: str) -> list[dict[str, Any]]:
    return [one for one in _documents(path) if one["kind"] in kinds]


def _pods(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for one in _of_kind(path, "Deployment", "StatefulSet"):
        yield one["metadata"]["name"], one["spec"]["template"]


# --- systemd ------------------------------------------------------------------------------------


def _lines(unit: Path) -> list[str]:
    return [line for line in unit.read_text().splitlines() if line and not line.startswith("#")]


def test_the_workers_unit_is_the_daemons_but_for_what_it_does() -> None:
    daemon, worker = (set(_lines(unit)) for unit in UNITS)
    only = {line.partition("=")[0] for line in daemon ^ worker}
    assert only == {"Description", "Documentation", "Conflicts", "ExecStart"}


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_understands_the_unit_and_finds_little_exposed(unit: Path, tmp_path: Path) -> None:
    there = shutil.which("true") or "/bin/true"
    copy = tmp_path / unit.name
    text = unit.read_text().replace("/opt/ringren/.venv/bin/ringren", there)
    copy.write_text(text.replace("file:/opt/ringren/", f"file:{ROOT}/"))
    looked = subprocess.run(
        ["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, check=False
    )
    assert (looked.returncode, looked.stderr) == (0, "")
    exposed = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(copy)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert exposed.returncode == 0, exposed.stdout[-300:]


# --- containers ---------------------------------------------------------------------------------


def test_every_container_of_compose_is_closed_and_says_how_it_is() -> None:
    (found,) = _documents(DEPLOY / "compose" / "compose.yaml")
    for name, one in found["services"].items():
        assert one["read_only"] is True, name
        assert one["cap_drop"] == ["ALL"], name
        assert one["security_opt"] == ["no-new-privileges:true"], name
        assert not one["user"].startswith(("0", "root")), name
        assert one["healthcheck"]["test"], name
        assert all(port.startswith("127.0.0.1:") for port in one.get("ports", ())), name
        assert set(one["secrets"]) <= set(found["secrets"]), name
        assert "environment" not in one or "PASSWORD" not in str(one["environment"]).replace(
            "POSTGRES_PASSWORD_FILE", ""
        )
        assert set(one["networks"]) <= set(found["networks"]), name
        volumes = {part.partition(":")[0] for part in one["volumes"]}
        assert {part for part in volumes if not part.startswith(".")} <= set(found["volumes"])
        if "command" in one:
            assert one["command"][0] in COMMANDS, name
    assert found["services"]["database"].get("ports") is None
    assert found["networks"]["inside"]["internal"] is True


def test_the_settings_that_containers_get_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://ringren@db.invalid/ringren")
    secret = tmp_path / "database_url"
    secret.write_text("postgresql://ringren@database/ringren")
    texts = {
        path.name: one["data"]["settings.toml"]
        for path in MANIFESTS
        for one in _of_kind(path, "ConfigMap")
    }
    texts["compose"] = (DEPLOY / "compose" / "settings.toml").read_text("utf-8")
    assert len(texts) == 3
    for name, text in texts.items():
        file = tmp_path / f"{name}.toml"
        file.write_text(text.replace("/run/secrets/database_url", str(secret)), "utf-8")
        found = read(file=file)
        assert found.page.is_used, name
        assert found.metrics.is_used, name
        assert str(found.home) == "/var/lib/ringren"


# --- Kubernetes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_every_pod_is_closed_probed_and_may_be_moved(path: Path) -> None:
    budgets = [one["spec"]["selector"] for one in _of_kind(path, "PodDisruptionBudget")]
    (policy,) = _of_kind(path, "NetworkPolicy")
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    for name, template in _pods(path):
        labels, spec = template["metadata"]["labels"], template["spec"]
        assert {"matchLabels": labels} in budgets, name
        assert policy["spec"]["podSelector"]["matchLabels"].items() <= labels.items(), name
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        (container,) = spec["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["args"][0] in COMMANDS
        assert container["resources"]["limits"]["memory"]
        mounted = {one["name"] for one in container["volumeMounts"]}
        claimed = {"state"} if path.stem == "one" else set()
        assert mounted == {one["name"] for one in spec["volumes"]} | claimed
        assert "readinessProbe" in container, name
        if container.get("ports"):
            assert {"startupProbe", "livenessProbe"} <= container.keys(), name


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_what_refers_to_something_in_the_same_file_finds_it(path: Path) -> None:
    labels = [template["metadata"]["labels"] for _, template in _pods(path)]
    ports = {
        port["name"]
        for _, template in _pods(path)
        for port in template["spec"]["containers"][0].get("ports", ())
    }
    for one in _of_kind(path, "Service"):
        assert any(one["spec"]["selector"].items() <= some.items() for some in labels)
        assert {port["targetPort"] for port in one["spec"]["ports"]} <= ports
    (policy,) = _of_kind(path, "NetworkPolicy")
    inward = {port["port"] for rule in policy["spec"]["ingress"] for port in rule["ports"]}
    assert inward == ports
    outward = {port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"]}
    assert {53, 443} <= outward
    for one in _of_kind(path, "Deployment", "StatefulSet"):
        assert (
            one["spec"]["selector"]["matchLabels"] == one["spec"]["template"]["metadata"]["labels"]
        )


# --- watching -----------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["da", "en"])
def test_there_is_an_alert_for_each_measure_that_says_when_it_is_bad(lang: str) -> None:
    (found,) = yaml.safe_load_all(boards.rules(lang))
    rules = {one["alert"]: one for one in found["groups"][0]["rules"]}
    silent = rules.pop("RingrenSilent")
    assert re.findall(r"ringren_\w+", silent["expr"]) == ["ringren_build_info"]
    wanted = {boards.alert(row): row for row in MEASURES if row.bad}
    assert rules.keys() == wanted.keys()
    for name, rule in rules.items():
        assert re.fullmatch(r"(\w+) (>|>=|<|<=|==) [\d.e]+", rule["expr"]), name
        assert rule["expr"] == f"{wanted[name].name} {wanted[name].bad}"
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert all(rule["annotations"].values()), name
        assert "{{" not in str(rule["annotations"]), "Prometheus would take it for a template"
    assert {row.name for row in MEASURES if row.bad} >= boards.CRITICAL


@pytest.mark.parametrize("lang", ["da", "en"])
def test_the_board_shows_each_measure_once_and_all_customers_first(lang: str) -> None:
    found = json.loads(boards.board(lang))
    panels = found["panels"]
    assert [panel["id"] for panel in panels] == list(range(1, len(panels) + 1))
    shown = [
        name
        for panel in panels[1:]
        for target in panel.get("targets", ())
        for name in re.findall(r"ringren_\w+", target["expr"])
    ]
    assert sorted(shown) == sorted(NAMES)
    customers = " ".join(target["expr"] for target in panels[0]["targets"])
    assert set(re.findall(r"ringren_\w+", customers)) <= NAMES
    assert not _overlapping(panels)


def _overlapping(panels: list[dict[str, Any]]) -> list[tuple[int, int]]:
    taken: dict[tuple[int, int], int] = {}
    wrong = []
    for panel in panels:
        at = panel["gridPos"]
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                if (x, y) in taken:
                    wrong.append((taken[x, y], panel["id"]))
                taken[x, y] = panel["id"]
    return wrong


@pytest.mark.parametrize(
    ("bad", "value", "red"),
    [("> 0", 0, False), ("> 0", 1, True), ("> 3600", 3601, True), ("> 3600", 3599, False),
     (">= 2", 2, True), (">= 2", 1, False), ("== 0", 0, True), ("== 0", 1, False),
     ("< 1e9", 5e8, True), ("< 1e9", 2e9, False), ("", 7, False)],
)  # fmt: skip
def test_a_value_is_red_where_the_table_says_that_it_is_bad(
    bad: str, value: float, *, red: bool
) -> None:
    steps = boards.thresholds(bad)["steps"]
    colour = [one["color"] for one in steps if one["value"] is None or value >= one["value"]][-1]
    assert (colour == "red") is red
