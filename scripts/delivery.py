"""Sends JSON over HTTP so that it arrives once: retries, back-off, Retry-After, idempotency keys.

A try ends in one of four ways. Done: the answer says so and can be read. Busy: the receiver says
that it has not done it (429, 500, 503), or couldn't be connected to; it is tried again. Unclear:
nobody can say whether it was done (the connection broke, 502, 504, an answer that makes no sense);
it is tried again only where the receiver does the same idempotency key once. Refused: trying again
changes nothing (another 4xx, a redirection).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar

from scripts.project import UsageError, UserError

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

TRIES = 6
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0  # seconds between two tries, doubled from one to the next
PATIENCE = 300.0  # seconds that Retry-After may ask for
TIMEOUT = (5.0, 60.0)  # seconds to connect, and between two pieces of the answer
BUSY = (429, 500, 503)
UNCLEAR = (408, 409, 502, 504)  # 409: the same key is being worked on

T = TypeVar("T")


class DeliveryError(UserError):
    """Something was not delivered, or nobody knows; the sentence says which.

    `is_undone` if it is certain that no try was done, so that it may be sent anew.
    """

    is_undone = True


class RefusedError(DeliveryError):
    """The receiver will not have it."""


class BusyError(DeliveryError):
    """The receiver has not done it, and may later; `wait` is what it asks for, in seconds."""

    def __init__(self, said: str, wait: float = 0.0) -> None:
        super().__init__(f"{said} It asks to wait {wait:.0f} seconds." if wait else said)
        self.wait = wait


class UnclearError(DeliveryError):
    """It may have been done or not."""

    is_undone = False


class Receiver:
    """Where JSON is sent to: an address and a token that only environment variables hold.

    `deduplicates` says that the receiver does what comes twice under one idempotency key once.
    Neither address nor token ever stands in a message.
    """

    def __init__(
        self,
        url_variable: str,
        token_variable: str = "",
        deduplicates: bool = True,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Read the variables; raises a UsageError if the address is missing or is none."""
        import requests

        self.name = f"The receiver of {url_variable}"
        self._url = os.environ.get(url_variable, "").strip()
        if not self._url.startswith(("https://", "http://")):
            raise UsageError(
                f"The environment variable {url_variable} must hold the address to send to, "
                "https://…; it is not written into files or messages."
            )
        self._token = os.environ.get(token_variable, "").strip()
        self._deduplicates = deduplicates
        self._sleep = sleep
        self._session = requests.Session()
        self._session.auth = self._authorized  # so that no .netrc puts its own in

    def send(
        self,
        body: bytes,
        key: str,
        read: Callable[[Response], T],
        method: str = "POST",
        path: str = "",
    ) -> T:
        """Send `body`, JSON in UTF-8, under the idempotency key `key`; gives what `read` reads.

        `read` turns a 2xx answer into the result; it raises a ValueError if the answer makes no
        sense. Raises a RefusedError, BusyError or UnclearError when all tries are used up.
        """
        from tenacity import Retrying, retry_if_exception, stop_after_attempt

        tries = Retrying(
            stop=stop_after_attempt(TRIES),
            retry=retry_if_exception(self._is_worth_another_try),
            wait=_wait,
            sleep=self._sleep,
            reraise=True,
        )
        are_undone = True

        def attempt() -> T:
            nonlocal are_undone
            try:
                return self._try(body, key, read, method, path)
            except DeliveryError as error:
                are_undone = error.is_undone = are_undone and error.is_undone
                raise

        return tries(attempt)

    def _try(
        self, body: bytes, key: str, read: Callable[[Response], T], method: str, path: str
    ) -> T:
        import requests

        try:
            answer = self._session.request(
                method,
                self._url + path,
                data=body,
                headers={"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": key},
                timeout=TIMEOUT,
                allow_redirects=False,
            )
        except ValueError as error:
            raise UsageError(
                f"{self.name} can't be sent to: {type(error).__name__}. Check address and token."
            ) from None
        except requests.RequestException as error:
            if _never_connected(error):
                raise BusyError(f"{self.name} can't be reached; nothing was sent.") from None
            raise UnclearError(f"{self.name} broke off before its answer ended.") from None
        said = f"{self.name} answered {answer.status_code}{self._words(answer)}."
        if answer.status_code in BUSY:
            raise BusyError(said, _asked_to_wait(answer))
        if answer.status_code in UNCLEAR:
            raise UnclearError(said)
        if not 200 <= answer.status_code < 300:
            raise RefusedError(said)
        try:
            return read(answer)
        except (ValueError, KeyError, TypeError):
            raise UnclearError(f"{said} That makes no sense.") from None

    def _is_worth_another_try(self, error: BaseException) -> bool:
        if isinstance(error, BusyError):
            return error.wait <= PATIENCE
        return isinstance(error, UnclearError) and self._deduplicates

    def _authorized(self, request: PreparedRequest) -> PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def _words(self, answer: Response) -> str:
        """The beginning of an answer, in one line and without what must not be shown."""
        words = " ".join(answer.text.split())
        for secret in (self._url, self._token):
            words = words.replace(secret, "***") if secret else words
        return f": {words[:200]}" if words else ""


def _never_connected(error: Any) -> bool:
    """Whether a request failed before a byte of it was sent."""
    from requests import ConnectTimeout
    from requests.exceptions import SSLError
    from urllib3.exceptions import NewConnectionError

    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return isinstance(error, ConnectTimeout | SSLError) or isinstance(reason, NewConnectionError)


def _asked_to_wait(answer: Response) -> float:
    """Seconds that Retry-After asks for, a number or a date; 0 without one that can be read."""
    asked = answer.headers.get("Retry-After", "").strip()
    try:
        if asked.isdigit():
            return float(asked)
        return max(0.0, (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def _wait(state: Any) -> float:
    """Seconds until the next try: doubled each time, with jitter, and never less than asked for."""
    from tenacity import wait_exponential_jitter

    backed_off = wait_exponential_jitter(initial=FIRST_WAIT, max=LONGEST_WAIT)(state)
    return max(backed_off, getattr(state.outcome.exception(), "wait", 0.0))
