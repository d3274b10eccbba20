"""Requests that came are read as they are kept; what cannot be true is told, nothing is lost."""

import asyncio
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
import pytest

from k8s_operator.serving.demand import DemandWatch
from k8s_operator.settings import Clock, OperatorSettings
from k8s_operator.views import ProfileView
from tests.operator.services import profile

pytestmark = pytest.mark.enable_socket
NOW = datetime(2026, 3, 2, 12, 20, tzinfo=UTC)


class Page:
    """What an address answers, which a test may change."""

    def __init__(self, text):
        self.text, self.url = text, ""


@contextmanager
def served(text):
    page = Page(text)

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self):
            body = page.text.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page.url = f"http://127.0.0.1:{server.server_address[1]}/requests.csv"
    try:
        yield page
    finally:
        server.shutdown()
        server.server_close()


def csv(*rows):
    lines = [f"{at:%Y-%m-%dT%H:%M:%SZ},{rps}" for at, rps in rows]
    return "\n".join(["time,rps", *lines])


def hours(*values):
    first = NOW.replace(minute=0) - timedelta(hours=len(values))
    return [(first + timedelta(hours=n), value) for n, value in enumerate(values)]


def view(url, **spec):
    described = [{"name": "coast", "meanRps": "100"}]
    sources = [{"region": "coast", "http": {"url": url}}]
    one = profile("team", **({"demand": described, "demandSources": sources} | spec))
    return msgspec.convert(one, ProfileView)


@pytest.fixture
def watch():
    settings = OperatorSettings(clock_origin=NOW, clock_wall=datetime.now(UTC))
    return DemandWatch(None, settings, Clock(settings))


def look(watch, one):
    asyncio.run(watch.look([one]))


def test_hours_are_read_and_the_newest_rate_counts_as_a_surge(watch):
    recent = [(NOW - timedelta(minutes=3), 140.0), (NOW - timedelta(minutes=1), 130.0)]
    with served(csv(*hours(80, 90), *recent)) as page:
        look(watch, view(page.url))
    assert watch.records("team/chat")["coast"].rps == (80, 90)
    # The highest of the last ten minutes.
    assert watch.surge_rps(view(page.url)) == 140


def test_what_is_old_is_no_surge(watch):
    with served(csv(*hours(80, 90))) as page:
        look(watch, view(page.url))
    assert watch.surge_rps(view(page.url)) == 0


def test_an_hour_of_nan_is_not_known(watch):
    with served(csv(*hours(80, "nan", 90))) as page:
        look(watch, view(page.url))
    assert watch.records("team/chat")["coast"].rps == (80, None, 90)
    assert watch.failures("team/chat") == ()


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        pytest.param(-5, "must not be negative, got -5 requests a second", id="negative"),
        pytest.param(100_000, "more than 100 times the meanRps of 100", id="a thousand times"),
        pytest.param("many", "row 4: could not convert", id="a word"),
    ],
)
def test_what_cannot_be_true_is_told_and_what_was_read_stands(watch, bad, told):
    with served(csv(*hours(80, 90))) as page:
        look(watch, view(page.url))
        page.text = csv(*hours(80, 90, bad))
        look(watch, view(page.url))
    assert told in watch.failures("team/chat")[0]
    assert watch.records("team/chat")["coast"].rps == (80, 90)


def test_a_region_that_is_not_described_is_told(watch):
    with served(csv(*hours(80))) as page:
        look(watch, view(page.url, demand=[{"name": "coast", "rps": {"constant": "5"}}]))
    assert "needs an entry of demand with meanRps" in watch.failures("team/chat")[0]


def test_a_source_that_is_gone_is_told(watch):
    with served(csv(*hours(80))) as page:
        pass
    look(watch, view(page.url))
    assert "cannot be reached" in watch.failures("team/chat")[0]
    assert watch.records("team/chat") == {}
