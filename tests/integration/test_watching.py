# SPDX-License-Identifier: MIT
"""What operators watch the pool with: the metrics as Prometheus reads them, alerting rules, a dashboard, a filter of fail2ban."""

import json
import os
import re
import shutil
import signal
import subprocess
import time

import pytest
from rig import ENVIRONMENT, HOST, TOP, wait_for

PROMTOOL = shutil.which("promtool")
FAIL2BAN = shutil.which("fail2ban-regex")
needs_promtool = pytest.mark.skipif(not PROMTOOL, reason="promtool (package prometheus) is not there")
needs_fail2ban = pytest.mark.skipif(not FAIL2BAN, reason="fail2ban-regex (package fail2ban) is not there")
DEPLOY = TOP + "/deploy/"


def read(name):
    with open(DEPLOY + name, encoding="utf-8") as file:
        return file.read()


@pytest.fixture(scope="module")
def watched(make_module_rig):
    rig = make_module_rig()
    assert rig.visitor().sign_in().status == 302
    return rig


# -- the text of the metrics --

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"'
SERIES = re.compile(r"(%s)(?:\{(%s(?:,%s)*)\})? (-?[0-9]+(?:\.[0-9]+)?)" % (NAME, LABEL, LABEL))
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}


def check_histogram(name, rows):
    bounds = [(float(re.search(r'le="([^"]+)"', labels).group(1).replace("+Inf", "inf")), value) for part, labels, value in rows if part == name + "_bucket"]
    counts = [value for _, value in bounds]
    (total,) = [value for part, _, value in rows if part == name + "_count"]
    assert [bound for bound, _ in bounds] == sorted({bound for bound, _ in bounds}) and bounds[-1][0] == float("inf"), name
    assert counts == sorted(counts) and counts[-1] == total, name


def parse_metrics(text):
    """Version 0.0.4 of the format, strictly: {name: (type, [(name of the series, labels, value)])}."""
    assert text.endswith("\n")
    found, name, seen = {}, None, set()
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith("# HELP "):
            name = line.split(" ", 3)[2]
            assert name not in found, "the series of a name stand together: " + line
            assert len(line.split(" ", 3)[3]) > 10
            kind = re.fullmatch(r"# TYPE %s (counter|gauge|histogram)" % name, next(lines)).group(1)
            assert (kind == "counter") == name.endswith("_total"), line
            found[name] = kind, []
            continue
        match = SERIES.fullmatch(line)
        assert match, line
        series, labels, value = match.groups()
        assert series in [name + suffix for suffix in SUFFIXES[found[name][0]]], line
        assert (series, labels) not in seen, line
        seen.add((series, labels))
        found[name][1].append((series, labels or "", float(value)))
    for name, (kind, rows) in found.items():
        if kind == "histogram":
            check_histogram(name, rows)
    return found


def test_the_metrics_are_of_the_format(watched):
    found = parse_metrics(watched.send("GET", "/auth/metrics").text)
    assert len(found) > 20 and found["meetauth_joins_total"][0] == "counter"
    assert max(value for _, _, value in found["meetauth_request_duration_seconds"][1]) > 0


def test_each_platform_and_backend_has_series_of_its_own(watched):
    found = parse_metrics(watched.send("GET", "/auth/metrics").text)
    series = {(name, labels): value for _, rows in found.values() for name, labels, value in rows}
    assert series["meetauth_platform_joins_total", 'platform="%s",result="ok"' % HOST] == 1
    assert series["meetauth_platform_exchanges_total", 'platform="%s",result="granted"' % HOST] == 1
    assert series["meetauth_platform_breaker_open", 'platform="%s"' % HOST] == 0
    assert series["meetauth_backend_logins_total", 'backend="staff",result="ok"'] == 1
    assert series["meetauth_backend_breaker_open", 'backend="staff"'] == 0


@pytest.mark.parametrize("text", [
    "# HELP a_total What it counts.\n# TYPE a_total gauge\na_total 1\n", "a 1\n", '# HELP a What it is now.\n# TYPE a gauge\na{b="c} 1\n',
    "# HELP a What it is now.\n# TYPE a gauge\na 1\na 2\n", "# HELP a What it is now.\n# TYPE a gauge\na one\n",
    '# HELP a What it is now.\n# TYPE a histogram\na_bucket{le="1"} 3\na_bucket{le="+Inf"} 2\na_sum 1\na_count 2\n',
])
def test_the_check_of_the_format_finds_faults(text):
    with pytest.raises((AssertionError, KeyError, AttributeError, TypeError)):
        parse_metrics(text)


@needs_promtool
def test_prometheus_has_nothing_to_say_about_the_metrics(watched):
    done = subprocess.run([PROMTOOL, "check", "metrics"], input=watched.send("GET", "/auth/metrics").text, text=True, capture_output=True,
                          env=ENVIRONMENT, timeout=300, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_secrets_have_an_age_and_the_store_a_generation(make_rig):
    rig = make_rig()
    before = rig.metrics()
    series = 'meetauth_secret_time_seconds{platform="%s"}'
    assert time.time() - 86400 < before[series % HOST] <= time.time() + 1
    rig.sections = 'platform "other.example.org" { type = "veeting" }\n'
    rig.configure()
    os.kill(rig.pool.pid, signal.SIGHUP)
    wait_for(lambda: "event=reload what=configuration result=ok" in rig.pool.said(), "the reload")
    assert series % "other.example.org" not in rig.metrics(), "it has no secret yet"
    rig.ctl("secret", "set", "other.example.org", text="another-key-0123456789\n")
    after = wait_for(lambda: rig.metrics() if series % "other.example.org" in rig.metrics() else None, "the new secret")
    assert after["meetauth_store_generation"] == before["meetauth_store_generation"] + 1
    assert after["meetauth_load_time_seconds"] >= before["meetauth_load_time_seconds"] >= before["meetauth_start_time_seconds"] - 1
    assert rig.key not in str(after)


def test_a_load_that_fails_is_no_load(make_rig):
    rig = make_rig()
    time_before = rig.metric("meetauth_load_time_seconds")
    with open(rig.conf, "a", encoding="utf-8") as file:
        file.write("nonsense {\n")
    wait_for(lambda: rig.metric("meetauth_load_good") == 0, "the fault to be seen")
    assert rig.metric("meetauth_load_time_seconds") == time_before


# -- rules and dashboard --


def series_of(expression):
    """The series that an expression asks for: (name, {label: values})."""
    found = []
    for name, labels in re.findall(r"\b(meetauth_[a-z_]+)(?:\{([^}]*)\})?", expression):
        wanted = re.findall(r'(\w+)=~?"([^"]*)"', labels or "")
        found.append((name, {label: values.split("|") for label, values in wanted if label not in ("job", "instance")}))
    return found


def assert_exist(expression, metrics):
    base = re.compile(r"_(bucket|sum|count)$")
    for name, labels in series_of(expression):
        kind, rows = metrics.get(name) or metrics[base.sub("", name)]
        assert (kind == "histogram") == bool(base.search(name)), name
        for label, values in labels.items():
            for value in values:
                assert any('%s="%s"' % (label, value) in found for _, found, _ in rows), (name, label, value)


def rules():
    text = read("prometheus/alerts.yml")
    return {part.split("\n", 1)[0]: part for part in re.split(r"- alert: ", text)[1:]}


def test_the_rules_ask_for_metrics_that_exist(watched):
    metrics = parse_metrics(watched.send("GET", "/auth/metrics").text)
    assert len(rules()) >= 14
    for name, rule in rules().items():
        assert series_of(rule) or name == "MeetauthDown", name
        assert_exist(rule, metrics)
        assert re.search(r"(?m)^          summary: .+\n          action: .+", rule), name
    with pytest.raises((AssertionError, KeyError)):
        assert_exist('meetauth_joins_total{result="okay"}', metrics)


def test_each_rule_has_a_case_that_fires_and_one_that_does_not():
    cases = re.findall(r"alertname: (\w+)\n +eval_time: \S+\n +exp_alerts:( \[\])?", read("prometheus/alerts_test.yml"))
    for name in rules():
        assert {bool(none) for alert, none in cases if alert == name} == {True, False}, name


@needs_promtool
def test_prometheus_takes_rules_and_their_tests():
    for arguments in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]):
        done = subprocess.run([PROMTOOL, *arguments], cwd=DEPLOY + "prometheus", capture_output=True, text=True, env=ENVIRONMENT, timeout=300, check=False)
        assert done.returncode == 0 and "SUCCESS" in done.stdout + done.stderr, done.stdout + done.stderr


@needs_promtool
def test_prometheus_takes_the_sample_of_a_scrape(tmp_path):
    path = tmp_path / "prometheus.yml"
    path.write_text(read("prometheus/scrape.yml").replace("/usr/share/doc/meetauth/deploy/", DEPLOY))
    done = subprocess.run([PROMTOOL, "check", "config", str(path)], capture_output=True, text=True, env=ENVIRONMENT, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboard_asks_for_metrics_that_exist(watched):
    metrics = parse_metrics(watched.send("GET", "/auth/metrics").text)
    board = json.loads(read("grafana/dashboard.json"))
    asked = set()
    for panel in board["panels"]:
        assert panel["title"] and panel["description"] and panel["targets"]
        for target in panel["targets"]:
            assert_exist(target["expr"], metrics)
            asked.update(name for name, _ in series_of(target["expr"]))
            assert 'job="$job"' in target["expr"]
            for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
                assert re.search(r"by \(%s\)" % label, target["expr"]), "a legend of a label that the sum keeps"
    assert len(asked) >= 15
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    cells = [(panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y) for panel in board["panels"]
             for x in range(panel["gridPos"]["w"]) for y in range(panel["gridPos"]["h"])]
    assert len(cells) == len(set(cells)) and max(x for x, _ in cells) == 23, "no panel hides another"


def test_the_picture_of_the_dashboard_has_all_its_panels():
    with open(TOP + "/docs/benchmark/dashboard.svg", encoding="utf-8") as file:
        drawn = set(re.findall(r'font-weight="bold">([^<]+)<', file.read()))
    assert drawn == {panel["title"] for panel in json.loads(read("grafana/dashboard.json"))["panels"]}, "draw it again: tests/bench/dashboard"


# -- fail2ban --


def banned(tmp_path, lines):
    """The addresses that the filter finds in a log."""
    log = tmp_path / "log"
    log.write_text("".join(line + "\n" for line in lines))
    done = subprocess.run([FAIL2BAN, "-o", "id", str(log), DEPLOY + "fail2ban/filter.conf"], capture_output=True, text=True, env=ENVIRONMENT,
                          timeout=300, check=False)
    return done.stdout.split()


TIME = "time=2026-11-30T10:47:06.938Z "
SLY = "192.0.2.200"  # whom somebody wants to have banned


LINES = (
    ("level=info event=login result=failed user=bob backend=staff platform=m client=192.0.2.7 request_id=abc", "192.0.2.7"),
    ("level=info event=login result=throttled client=2001:db8::5 request_id=abe", "2001:db8::5"),
    ('level=info event=login result=failed user="x client=%s y" client=192.0.2.8 request_id=a' % SLY, "192.0.2.8"),
    ('level=info event=login result=failed user="x\\" client=%s " client=192.0.2.8 request_id=a' % SLY, "192.0.2.8"),
    ('level=info event=login result=failed user="x\\\\" client=192.0.2.8 request_id=a', "192.0.2.8"),
    ('level=info event=login result=failed client=192.0.2.9 request_id=abe detail="said: client=%s no"' % SLY, "192.0.2.9"),
    ("level=info event=login result=ok user=bob client=192.0.2.77 request_id=abc", None),
    ("level=info event=login result=unavailable user=bob client=192.0.2.77 request_id=abc", None),
    ('level=info event=join result=denied user="event=login result=failed client=%s" client=192.0.2.7' % SLY, None),
    ('level=info event=join result=denied user=" level=info event=login result=failed client=%s " client=192.0.2.7' % SLY, None),
)


def as_json(line):
    pairs = re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|\S+)', line)
    return json.dumps({name: json.loads(value) if value.startswith('"') else value for name, value in pairs}, separators=(",", ":"))


@needs_fail2ban
@pytest.mark.parametrize("form", [
    lambda line: TIME + line, lambda line: "Nov 30 10:47:06 host meetauthd[12]: " + line,
    lambda line: "Nov 30 10:47:06 host meetauthd[12]: " + TIME + line, lambda line: as_json(TIME + line),
], ids=["logfmt", "syslog", "journal", "json"])
def test_the_filter_finds_the_senders_address_and_no_other(tmp_path, form):
    assert banned(tmp_path, [form(line) for line, _ in LINES]) == [address for _, address in LINES if address]


@needs_fail2ban
def test_the_filter_reads_what_the_pool_writes(make_rig, tmp_path):
    """Wrong passwords from several addresses, one of them for an account whose name holds somebody else's address."""
    name = "client=%s" % SLY
    for log_format in ("logfmt", "json"):
        rig = make_rig(options={"log-format": log_format})
        rig.add_user(name)
        visitor = rig.visitor(source="127.0.0.3")
        wait_for(lambda: visitor.fill(visitor.login_page(), name).status == 302, "the account")
        for account, source in (("bob", "127.0.0.2"), (name, "127.0.0.3"), ("nobody " + name, "127.0.0.4")):
            visitor = rig.visitor(source=source)
            assert visitor.fill(visitor.login_page(), account, "wrong").status == 401
        assert rig.visitor().sign_in().status == 302
        wait_for(lambda: rig.pool.said().count("127.0.0.4") >= 1, "the last line")
        text = rig.pool.said()
        failed = [line for line in text.splitlines() if SLY in line and "failed" in line]
        assert failed and all("127.0.0.3" in line for line in failed), "the log has the name"
        assert sorted(set(banned(tmp_path, text.splitlines()))) == ["127.0.0.2", "127.0.0.3", "127.0.0.4"]


@needs_fail2ban
def test_fail2ban_takes_the_jail(tmp_path):
    for folder in ("filter.d", "jail.d", "action.d"):
        (tmp_path / folder).mkdir()
    shutil.copytree("/etc/fail2ban", tmp_path, dirs_exist_ok=True)
    for file in (tmp_path / "jail.d").iterdir():
        file.unlink()
    shutil.copy(DEPLOY + "fail2ban/filter.conf", tmp_path / "filter.d/meetauth.conf")
    (tmp_path / "log").write_text("")
    jail = read("fail2ban/jail.conf").replace("backend = systemd", "backend = auto\nlogpath = %s/log" % tmp_path)
    (tmp_path / "jail.d/meetauth.conf").write_text(jail)
    done = subprocess.run(["fail2ban-client", "-c", str(tmp_path), "-d"], capture_output=True, text=True, env=ENVIRONMENT, timeout=300, check=False)
    assert done.returncode == 0 and "['add', 'meetauth', 'auto']" in done.stdout, done.stdout[-2000:] + done.stderr
    assert "maxretry', 30]" in done.stdout
