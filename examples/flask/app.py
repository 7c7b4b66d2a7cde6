"""The tutorial's app: a page that says who served it, and a path that says whether it can serve."""

import os
import socket

from flask import Flask

app = Flask(__name__)
VERSION = os.environ.get("VERSION", "1")


@app.get("/")
def home():
    return f"Hello from {socket.gethostname()}, version {VERSION}\n"


@app.get("/health")
def health():
    return "ok"
