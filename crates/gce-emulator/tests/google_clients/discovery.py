"""Holds recorded exchanges against Google's discovery documents.

Of every request: the method exists, its query parameters are known and well typed, and its body is
of the method's schema. Of every good answer: its body is of the method's schema. Of every refusal:
it has Google's shape. Nothing may be there that the documents do not know.
"""

import email
import json
import os
import re
import sys
import urllib.parse

import googleapiclient

DOCUMENTS = os.path.join(os.path.dirname(googleapiclient.__file__), "discovery_cache/documents")
# Query parameters of every method, and one that Google dropped and its clients still send.
COMMON = {"alt", "prettyPrint", "fields", "key", "quotaUser", "access_token", "$alt", "returnPartialSuccess"}
# The APIs of the local cloud.
NAMES = [
    "compute.v1", "monitoring.v3", "logging.v2", "serviceusage.v1", "cloudresourcemanager.v1",
    "cloudresourcemanager.v3", "cloudbilling.v1", "iam.v1", "iap.v1", "secretmanager.v1", "artifactregistry.v1", "dns.v1",
    "orgpolicy.v2",
]
# What the local cloud says beyond Google's fields.
OURS = {"_emulator"}


class Document:
    def __init__(self, file):
        with open(os.path.join(DOCUMENTS, file)) as document:
            parsed = json.load(document)
        self.schemas = parsed["schemas"]
        self.base = "/" + parsed["servicePath"]
        self.methods = list(self.collect(parsed.get("resources", {})))

    def collect(self, resources):
        for resource in resources.values():
            for method in resource.get("methods", {}).values():
                # `flatPath` names every segment; `path` of the newer APIs has one variable for many.
                path = method.get("flatPath") or method["path"]
                pattern = re.escape(self.base + path)
                # Identity-Aware Proxy names whatever it guards by one variable.
                pattern = pattern.replace(r"\{v1Id\}:", "[^:]+:")
                pattern = re.sub(r"\\\{[^}]*\\\}", "[^/:]+", pattern)
                if "metricDescriptors/" in path:
                    pattern += ".*"
                yield re.compile(pattern + "$"), method
            yield from self.collect(resource.get("resources", {}))

    def method(self, verb, path):
        for pattern, method in self.methods:
            if method["httpMethod"] == verb and pattern.match(path):
                return method
        return None


class Checker:
    """Compares values with schemas and keeps what is wrong, with its place."""

    def __init__(self, document):
        self.document = document
        self.faults = []

    def fault(self, place, what):
        self.faults.append(f"{place}: {what}")

    def named(self, name, value, place):
        self.value(self.document.schemas[name], value, f"{place} ({name})")

    def value(self, schema, value, place):
        if "$ref" in schema:
            return self.named(schema["$ref"], value, place)
        kind = schema.get("type", "any")
        check = getattr(self, "check_" + kind)
        check(schema, value, place)

    def check_any(self, schema, value, place):
        pass

    def check_object(self, schema, value, place):
        if not isinstance(value, dict):
            return self.fault(place, f"an object is wanted, not {value!r}")
        known, others = schema.get("properties", {}), schema.get("additionalProperties")
        for name, inner in value.items():
            if inner is None:
                continue  # a patch deletes with null
            if name in known:
                self.value(known[name], inner, f"{place}.{name}")
                default = known[name].get("default")
                if name == "kind" and default and inner != default:
                    self.fault(f"{place}.kind", f"{inner!r} is not {default!r}")
            elif others is not None:
                self.value(others, inner, f"{place}.{name}")
            else:
                self.fault(f"{place}.{name}", "Google has no such field")

    def check_array(self, schema, value, place):
        if not isinstance(value, list):
            return self.fault(place, f"a list is wanted, not {value!r}")
        for at, inner in enumerate(value):
            self.value(schema["items"], inner, f"{place}[{at}]")

    def check_string(self, schema, value, place):
        if not isinstance(value, str):
            return self.fault(place, f"a string is wanted, not {value!r}")
        if "enum" in schema and value not in schema["enum"]:
            self.fault(place, f"{value!r} is not one of {', '.join(schema['enum'])}")
        if schema.get("format") in ("uint64", "int64") and not re.fullmatch(r"-?\d+", value):
            self.fault(place, f"{value!r} is not a number in a string")
        if schema.get("format") == "byte" and not re.fullmatch(r"[A-Za-z0-9_+/-]*={0,2}", value):
            self.fault(place, f"{value!r} is not base64")
        if schema.get("format") == "google-datetime" and not value.endswith("Z"):
            self.fault(place, f"{value!r} is not a time that ends in Z")

    def check_integer(self, schema, value, place):
        if not isinstance(value, int) or isinstance(value, bool):
            self.fault(place, f"an integer is wanted, not {value!r}")

    def check_number(self, schema, value, place):
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            self.fault(place, f"a number is wanted, not {value!r}")

    def check_boolean(self, schema, value, place):
        if not isinstance(value, bool):
            self.fault(place, f"true or false is wanted, not {value!r}")


def check_query(checker, method, query, place):
    known = method.get("parameters", {})
    for name, text in urllib.parse.parse_qsl(query):
        schema = known.get(name)
        if schema is None:
            if name not in COMMON:
                checker.fault(f"{place}?{name}", "Google has no such parameter")
        elif schema.get("type") == "integer" and not re.fullmatch(r"\d+", text):
            checker.fault(f"{place}?{name}", f"{text!r} is not an integer")
        elif "enum" in schema and text not in schema["enum"]:
            checker.fault(f"{place}?{name}", f"{text!r} is none of its words")
    given = dict(urllib.parse.parse_qsl(query))
    for name, schema in known.items():
        if schema.get("required") and schema["location"] == "query" and name not in given:
            checker.fault(f"{place}?{name}", "it is required")


def check_refusal(checker, body, status, place):
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict) or error.get("code") != status or not error.get("message"):
        return checker.fault(place, f"{body!r} is not the shape of Google's refusals")
    for item in error.get("errors", []):
        if not {"message", "domain", "reason"} <= set(item):
            checker.fault(place, f"{item!r} lacks a part")
    if "errors" not in error and "status" not in error:
        checker.fault(place, f"{error!r} has neither reasons nor a status")


def parts(content_type, text):
    """The parts of a batch: number and content."""
    message = email.message_from_string(f"Content-Type: {content_type}\n\n{text}")
    for part in message.get_payload():
        number = part["Content-ID"].strip("<>").rsplit("+", 1)[-1]
        yield number, part.get_payload()


def unpacked(exchange):
    """The exchange itself, or those inside of a batch."""
    if not exchange["target"].startswith("/batch"):
        yield exchange
        return
    answers = dict(parts(exchange["responseType"], exchange["response"]))
    for number, text in parts(exchange["requestType"], exchange["request"]):
        head, _, body = text.partition("\n\n")
        method, target, _ = head.split("\n")[0].split()
        answer_head, _, answer = answers[number].replace("\r\n", "\n").partition("\n\n")
        yield {
            "method": method, "target": target, "request": body.strip(),
            "status": int(answer_head.split()[1]), "response": answer,
        }


def check(documents, exchange):
    path, _, query = exchange["target"].partition("?")
    # gcloud's beta and alpha commands ask for the same resources under another version.
    path = re.sub(r"^/compute/(beta|alpha)/", "/compute/v1/", path)
    path = urllib.parse.unquote(path)
    place = f"{exchange['method']} {path}"
    # Several APIs live below the same version: the one that knows the method is meant.
    found = ((document, document.method(exchange["method"], path)) for document in documents)
    document, method = next((pair for pair in found if pair[1]), (documents[0], None))
    checker = Checker(document)
    if method is None:
        checker.fault(place, "Google has no such method")
        return checker.faults
    good = exchange["status"] < 300
    check_query(checker, method, query, place)
    if exchange["request"] and "request" in method and good:
        checker.named(method["request"]["$ref"], json.loads(exchange["request"]), f"request of {place}")
    if exchange["status"] == 204:
        return checker.faults
    answer = json.loads(exchange["response"])
    if not good:
        check_refusal(checker, answer, exchange["status"], place)
    elif "response" in method:
        checker.named(method["response"]["$ref"], answer, f"answer to {place}")
    return checker.faults


def main():
    documents = [Document(f"{name}.json") for name in NAMES]
    faults, count, methods = set(), 0, set()
    with open(sys.argv[1]) as exchanges:
        for line in exchanges:
            for exchange in unpacked(json.loads(line)):
                count += 1
                faults.update(check(documents, exchange))
    for fault in sorted(faults):
        print(fault)
    print(f"{count} exchanges, {len(faults)} faults")
    sys.exit(bool(faults))


main()
