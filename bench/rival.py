"""The rival: the same page from Flask and Jinja, as a Flask developer would serve it.

The template is our own public page with its changing figures made into Jinja variables, so both
sides send the same number of bytes for the same content.
"""

import os
import pathlib
import socket

from flask import Flask, render_template

TEMPLATE = pathlib.Path(os.environ["RIVAL_TEMPLATE"])

# A template from a folder is compiled once, one from a string at every request.
app = Flask(__name__, template_folder=TEMPLATE.parent)


@app.get("/")
def page():
    return render_template(
        TEMPLATE.name,
        nonce=os.urandom(16).hex(),
        instance=socket.gethostname(),
        load=os.getloadavg()[0],
    )


@app.get("/health")
def health():
    return "ok"
