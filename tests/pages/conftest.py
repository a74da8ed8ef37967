"""Fixtures that open pages in a browser."""

import shutil

import pytest


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="pip install tinygrad-edu[browser]"
    )
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip("no Chromium was found: apt-get install chromium, for example")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def tab(browser):
    """Opens one tab for each set of options, offline and with a clock that tests move on."""
    tabs = {}

    def open_tab(**options):
        if str(options) not in tabs:
            tabs[str(options)] = browser.new_context(offline=True, **options).new_page()
            tabs[str(options)].set_default_timeout(5000)
            tabs[str(options)].clock.install()
        return tabs[str(options)]

    return open_tab


@pytest.fixture
def visit(tab, tmp_path):
    """Opens a page from a file; at the end, fails if the browser reported anything."""
    complaints = []
    listeners = {
        "console": lambda message: complaints.append(message.text),
        "pageerror": lambda error: complaints.append(str(error)),
        "dialog": lambda dialog: (complaints.append(dialog.message), dialog.dismiss()),
        "request": lambda request: complaints.append(request.url),
    }
    visited = []

    def open_page(text, **options):
        (tmp_path / "page.html").write_text(text, encoding="utf-8")
        page = tab(**options)
        for event, listener in listeners.items():
            page.on(event, listener)
        visited.append(page)
        page.goto((tmp_path / "page.html").as_uri())
        return page

    yield open_page
    for page in visited:
        for event, listener in listeners.items():
            page.remove_listener(event, listener)
    assert [c for c in complaints if not c.startswith(("file:", "data:"))] == []
