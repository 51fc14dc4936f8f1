"""The gateway (Caddy): one origin for the page and the API, with reads and writes going to different services."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from string import Template
from typing import Final

from adapters.http.catalogue import PROBLEMS
from adapters.object_store.port import ACCOUNTS_PREFIX
from cli.stack.part import Part
from cli.stack.ports import LOOPBACK, accepts
from cli.stack.s3 import packaged_program

PAGES: Final = (
    "/",
    "/tasks/*",
    "/mine",
    "/mine/",
    "/credits",
    "/credits/",
    "/login",
    "/login/",
    "/operator",
    "/operator/",
)
"""Addresses that the page's own router knows; any other is the API's, whose 404 is a problem document."""

LARGEST_BODY: Final = "1GB"
"""A last line of defence only: the services know what each route takes."""


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    folder: Path
    host: str
    port: int
    page: Path
    """Folder of the built page."""
    page_policy: str
    """Its Content-Security-Policy."""
    command_api: Sequence[str]
    """host:port of each process that takes writes."""
    query_api: Sequence[str]
    store: str | None = None
    """host:port of an object store that clients do not reach themselves: requests with a signed URL are passed on."""
    bucket: str = "lathe"
    trusted_proxies: Sequence[str] = ()
    """Networks (CIDR) of servers in front of it, whose word on the client's address and protocol is taken."""

    @property
    def caddyfile(self) -> Path:
        return self.folder / "Caddyfile"

    @property
    def local_host(self) -> str:
        """Where this machine reaches it."""
        return _local(self.host)


def _local(host: str) -> str:
    return LOOPBACK if ip_address(host).is_unspecified else host


def local_url(host: str, port: int) -> str:
    """Where this machine reaches a gateway that listens on that IP address."""
    local = _local(host)
    return f"http://[{local}]:{port}" if ":" in local else f"http://{local}:{port}"


def gateway_part(config: GatewayConfig) -> Part:
    return Part(
        name="gateway",
        command=(
            str(packaged_program("caddy")), "run",
            "--config", str(config.caddyfile), "--adapter", "caddyfile",
        ),
        environment={"XDG_DATA_HOME": str(config.folder), "XDG_CONFIG_HOME": str(config.folder)},
        prepare=lambda: _prepare(config),
        is_ready=lambda: accepts(config.local_host, config.port),
        stop_seconds=10,
    )  # fmt: skip


def _prepare(config: GatewayConfig) -> None:
    config.folder.mkdir(parents=True, exist_ok=True)
    config.caddyfile.write_text(caddyfile(config))


def caddyfile(config: GatewayConfig) -> str:
    """The gateway's configuration as text."""
    return _CADDYFILE.substitute(
        host=config.host,
        port=config.port,
        page=_quoted(str(config.page)),
        pages=" ".join(PAGES),
        command_api=" ".join(config.command_api),
        query_api=" ".join(config.query_api),
        csp=config.page_policy.strip(),
        largest_body=LARGEST_BODY,
        trusted=_TRUSTED.substitute(networks=" ".join(config.trusted_proxies)) if config.trusted_proxies else "",
        unavailable=_UNAVAILABLE,
        pending=_PENDING,
        not_found=_NOT_FOUND,
        too_large=_TOO_LARGE,
        proxy=_PROXY.substitute(policy="least_conn"),
        by_address=_PROXY.substitute(policy="client_ip_hash"),
        snippet=_STORE_SNIPPET.substitute(store=config.store) if config.store else "",
        store=_STORE.substitute(bucket=config.bucket, accounts=ACCOUNTS_PREFIX) if config.store else "",
    )


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _problem(code: str, detail: str) -> str:
    """What the gateway answers itself: RFC 9457, with an id of its own, its title in English or Russian."""
    known, request_id = PROBLEMS[code], "{http.request.uuid}"
    told = {
        "type": f"/problems/{code}",
        "title": "",
        "status": known.status,
        "detail": detail,
        "request_id": request_id,
    }
    english, russian = (json.dumps(told | {"title": title}, ensure_ascii=False) for title in (known.en, known.ru))
    return f"import problem {known.status} `{english}` `{russian}`"


_UNAVAILABLE: Final = _problem(
    "unavailable", "This part of the service is starting or restarting. Try again in a moment."
)
_PENDING: Final = _problem(
    "outcome-pending",
    "The process that had this request ended before it answered, so it may have been done. Repeat it with the same "
    "Idempotency-Key; if it had none, look first (GET /generate).",
)
_NOT_FOUND: Final = _problem("not-found", "There is nothing here.")
_TOO_LARGE: Final = _problem("too-large", f"At most {LARGEST_BODY}.")

_PROXY: Final = Template("""{
			lb_policy $policy
			lb_try_duration 3s
			lb_try_interval 100ms
			fail_duration 1s
			flush_interval -1
			header_up X-Forwarded-For {client_ip}
			header_down -Server
		}""")

_TRUSTED: Final = Template("""
		trusted_proxies static $networks
		trusted_proxies_strict""")

# The store checks the signature, which covers the Host by which the client came, the key, and the length of an upload.
_STORE: Final = Template("""
	@upload {
		method PUT
		path /$bucket/staging/*
		query X-Amz-Signature=*
	}
	@download {
		method GET HEAD
		path /$bucket/$accounts*
		query X-Amz-Signature=*
	}
	handle @upload {
		import store
	}
	handle @download {
		header Content-Security-Policy "default-src 'none'; sandbox"
		header X-Content-Type-Options nosniff
		import store
	}
""")
_STORE_SNIPPET: Final = Template("""
(store) {
	reverse_proxy $store {
		header_up -Authorization
		header_up -Cookie
		header_down -Server
	}
}
""")

# A refusal is told while the request's body is still on its way (enable_full_duplex): a body that never comes would
# else hold the connection without an answer.
# A write is repeated on another process only if the first could not even be connected to, so none is sent twice.
# Each process counts failed logins and registrations itself, so an address keeps to one. The service is ready when
# commands and queries are both served: command_api is asked before query_api answers.
_CADDYFILE: Final = Template("""\
{
	admin off
	auto_https off
	persist_config off
	grace_period 3s
	log {
		output stderr
		format console
		level WARN
	}
	servers {
		protocols h1 h2c
		enable_full_duplex
		timeouts {
			read_header 10s
			idle 5m
		}$trusted
	}
}

(problem) {
	header Content-Type application/problem+json
	header X-Request-ID {http.request.uuid}
	header Vary Accept-Language
	@russian header_regexp Accept-Language (?i)^ru([^a-z]|$$)
	header @russian Content-Language ru
	respond @russian {args[2]} {args[0]}
	header ?Content-Language en
	respond {args[1]} {args[0]}
}

(of-the-page) {
	encode zstd gzip
	header {
		Content-Security-Policy "$csp"
		X-Content-Type-Options nosniff
		Referrer-Policy same-origin
		Permissions-Policy "camera=(), microphone=(), geolocation=()"
		Cross-Origin-Opener-Policy same-origin
	}
}
$snippet
http://:$port {
	bind $host
	header -Server
	request_body {
		max_size $largest_body
	}

	@private path /metrics /metrics/*
	handle @private {
		error "Metrics are read from the services themselves." 404
	}

	@page {
		method GET HEAD
		path $pages
	}
	handle @page {
		root * $page
		rewrite * /index.html
		import of-the-page
		header Cache-Control no-cache
		file_server
	}

	@file {
		method GET HEAD
		not path /index.html
		file {
			root $page
			try_files {path}
		}
	}
	handle @file {
		root * $page
		@hashed path /assets/*
		header @hashed Cache-Control "public, max-age=31536000, immutable"
		import of-the-page
		file_server
	}

$store
	@ready {
		method GET HEAD
		path /readyz /readyz/
	}
	handle @ready {
		forward_auth $command_api {
			uri /readyz
			lb_retries 2
			fail_duration 1s
		}
		reverse_proxy $query_api $proxy
	}
	@credentials {
		method POST PUT PATCH DELETE
		path /auth/*
	}
	handle @credentials {
		reverse_proxy $command_api $by_address
	}
	@write method POST PUT PATCH DELETE
	handle @write {
		reverse_proxy $command_api $proxy
	}
	handle /internal/* {
		reverse_proxy $command_api $proxy
	}
	handle {
		reverse_proxy $query_api $proxy
	}

	handle_errors 404 {
		$not_found
	}
	handle_errors 413 {
		$too_large
	}
	handle_errors 502 503 504 {
		header Retry-After 2
		header Cache-Control no-store
		@begun {
			method POST PUT PATCH DELETE
			expression `{err.status_code} != 503 && !{err.message}.startsWith("dial ")`
		}
		handle @begun {
			$pending
		}
		handle {
			$unavailable
		}
	}
}
""")
