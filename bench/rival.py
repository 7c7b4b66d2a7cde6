"""The rival: the same page from Flask and Jinja, as a Flask developer would serve it.

The template is our own public page with its changing figures made into Jinja variables, so both
sides send the same number of bytes for the same content.
"""

import os
import socket

from flask import Flask, render_template_string

TEMPLATE = open(os.environ["RIVAL_TEMPLATE"], encoding="utf-8").read()

app = Flask(__name__)


@app.get("/")
def page():
    return render_template_string(
        TEMPLATE,
        nonce=os.urandom(16).hex(),
        instance=socket.gethostname(),
        load=os.getloadavg()[0],
    )


@app.get("/health")
def health():
    return "ok"
