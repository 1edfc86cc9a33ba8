"""Who the requests come from, and how the operations that end a sign-in or an account are tried all the same.

Every request is made as the caller of the run, who is signed in anew before the access token ends; a run with an API
key has no need of that. Requests that could end the caller's own sign-in or account are made as somebody else, who
has just registered and is replaced once a request took effect. What came of each operation is written down in the end, with what got no answer.
"""

import atexit
import collections
import json
import os
import time

import requests
import schemathesis
from schemathesis.transport.prepare import get_exclude_headers

API = os.environ["NEXUS_URL"] + "/api/v1"
PASSWORD = "some horse by the canal"

# Made as somebody else, for they end the sign-in, the password or the account of whoever makes them.
ENDING = {"logout", "logout_all", "password_change", "me_erase", "session_revoke"}
# Taken by somebody else's id where they name the caller, for they change or erase whoever is named.
NAMING = {"user_patch", "user_erase"}
# What nobody could make up: secrets that must be right for anything to happen.
SECRETS = {
    "login": ("email", "password"),
    "refresh": ("refresh",),
    "password_change": ("current_password",),
}


def post(path, body):
    answer = requests.post(API + path, json=body, timeout=10)
    answer.raise_for_status()
    return answer.json()


class Bearer(requests.auth.AuthBase):
    def __init__(self, token):
        self.token = token

    def __call__(self, request):
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


class Caller:
    """Whose run it is: a person, or a key when there is no e-mail address."""

    def __init__(self):
        self.email = os.environ.get("NEXUS_EMAIL")
        self.token = os.environ["NEXUS_TOKEN"]
        self.since = time.monotonic()
        self.id = None
        if self.email:
            self.sign_in()

    def sign_in(self):
        login = post("/auth/login", {"email": self.email, "password": os.environ["NEXUS_PASSWORD"]})
        self.token, self.id, self.since = login["access"], login["user"]["id"], time.monotonic()

    def bearer(self):
        if self.email and time.monotonic() - self.since > 240:
            self.sign_in()
        return Bearer(self.token)


class Others:
    """Somebody who can be done without."""

    count = 0
    login = None

    def somebody(self):
        if self.login is None or time.monotonic() - self.since > 240:
            self.count += 1
            self.email = f"somebody-{self.count}-{time.time_ns()}@example.com"
            self.login = post("/auth/register", {"email": self.email, "password": PASSWORD})
            self.since = time.monotonic()
        return self.login

    def session(self):
        answer = requests.get(API + "/me/sessions", auth=Bearer(self.somebody()["access"]), timeout=10)
        if answer.status_code == 401:
            self.login = None
            return self.session()
        return next(session["id"] for session in answer.json()["results"] if session["current"])

    def secrets(self):
        login = self.somebody()
        return {
            "email": self.email,
            "password": PASSWORD,
            "current_password": PASSWORD,
            "refresh": login["refresh"],
        }


class Cart:
    """A cart of the caller, since nobody could make up its token."""

    token = None

    def get(self):
        if self.token is None:
            answer = requests.post(API + "/carts", auth=caller.bearer(), timeout=10)
            answer.raise_for_status()
            self.token = answer.json()["token"]
        return self.token


caller = Caller()
others = Others()
cart = Cart()
came = collections.defaultdict(set)
lost = []


@atexit.register
def write_down():
    with open(os.environ["NEXUS_CAME"], "w", encoding="utf-8") as file:
        json.dump({"came": {name: sorted(statuses) for name, statuses in came.items()}, "lost": lost}, file)


@schemathesis.hook
def before_call(context, case, kwargs):
    name = case.operation.definition.raw["operationId"]
    good = case.meta is None or not case.meta.generation.mode.is_negative
    # Some requests are to lack the token.
    if "Authorization" not in get_exclude_headers(case):
        kwargs["auth"] = Bearer(others.somebody()["access"]) if name in ENDING else caller.bearer()
    if good and name in SECRETS and isinstance(case.body, dict):
        known = others.secrets()
        for field in SECRETS[name]:
            if isinstance(case.body.get(field), str):
                case.body[field] = known[field]
    if good and "/carts/{token}" in case.operation.path:
        case.path_parameters["token"] = cart.get()
    if good and name == "session_revoke":
        case.path_parameters["id"] = others.session()
    if name in NAMING and str(case.path_parameters.get("id")) == str(caller.id):
        case.path_parameters["id"] = others.somebody()["user"]["id"]


@schemathesis.hook
def after_call(context, case, response):
    name = case.operation.definition.raw["operationId"]
    came[name].add(response.status_code)
    if name in ENDING | {"refresh"} and response.status_code < 300:
        others.login = None
    if name == "cart_remove" and response.status_code < 300:
        cart.token = None
    # A person has so many sign-ins at most, so that this one may have ended for others.
    if name in ENDING and response.status_code == 401:
        others.login = None


@schemathesis.hook
def after_network_error(context, case, request):
    # Not every phase reports these.
    lost.append(f"{case.operation.label}: {getattr(request, 'method', None)} {getattr(request, 'url', None)}")
