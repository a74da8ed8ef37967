"""Take screenshots of the pages: python notebooks/pictures/screenshots.py [path of a Chromium].

This needs Playwright and a Chromium, which ``python -m playwright install`` installs.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tinygrad_edu import exercise, steps
from tinygrad_edu.lessons import worked_example

FOLDER = Path(__file__).resolve().parent
SIZE = {"width": 1300, "height": 640}
STEP = 22  # a step of the backward pass in which a contribution is added to another one


def take(page: Page, name: str) -> None:
    """Save a screenshot of the framed part of a page."""
    page.wait_for_timeout(300)
    page.locator(".tge").screenshot(path=FOLDER / name)


def main() -> None:
    """Take pictures of a step of the worked example, and of a question with a wrong answer."""
    loss = worked_example.forward().loss
    browser_path = sys.argv[1] if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, device_scale_factor=1.25)
        file = Path(folder) / "page.html"

        steps(loss).to_html(file)
        page.goto(file.as_uri())
        page.locator("input[type=range]").fill(str(STEP))
        page.locator("input[type=range]").blur()
        take(page, "stepper.png")

        exercise(loss, only=["dL/dw2_11"]).to_html(file)
        page.goto(file.as_uri())
        page.locator("input[type=text]").fill("0.5933")
        page.keyboard.press("Enter")
        take(page, "exercise.png")
        browser.close()


if __name__ == "__main__":
    main()
