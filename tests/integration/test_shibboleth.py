# SPDX-License-Identifier: MIT
"""docs/shibboleth.md with its own parts: shibd, shibauthorizer and shibresponder of Debian's package behind nginx, with the files of
the guide. The identity provider is this file: it signs its answers by xmlsec1."""

import base64
import glob
import os
import re
import shutil
import subprocess
import urllib.parse
import zlib
from datetime import datetime, timedelta, timezone

import pytest
import tls
from rig import ENVIRONMENT, TOP, Program, replace, wait_for
from test_remote_user import SPOOFS, joined_as, sample, section_of, with_snippet

PARTS = (glob.glob("/usr/lib/*/shibboleth/shibresponder") or [""])[0].rpartition("/")[0]
SHIBD = shutil.which("shibd", path="/usr/sbin:/usr/bin")
IDP = "https://idp.example.org/idp/shibboleth"
pytestmark = pytest.mark.skipif(not (PARTS and SHIBD and shutil.which("xmlsec1")), reason="shibboleth-sp-utils or xmlsec1 is not there")

METADATA = """<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:shibmd="urn:mace:shibboleth:metadata:1.0"
    xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="%s"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<Extensions><shibmd:Scope regexp="false">example.org</shibmd:Scope></Extensions>
<KeyDescriptor><ds:KeyInfo><ds:X509Data><ds:X509Certificate>%s</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>
<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example.org/sso"/>
</IDPSSODescriptor></EntityDescriptor>"""

RESPONSE = """<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r{id}" Version="2.0"
 IssueInstant="{now}" InResponseTo="{request}" Destination="{acs}"><Issuer>{idp}</Issuer>
<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo><CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>
<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/><Reference URI="#_r{id}"><Transforms>
<Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/><Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></Transforms>
<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue/></Reference></SignedInfo><SignatureValue/></Signature>
<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>
<Assertion ID="_a{id}" Version="2.0" IssueInstant="{now}"><Issuer>{idp}</Issuer><Subject><NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">{name}</NameID>
<SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><SubjectConfirmationData NotOnOrAfter="{later}" Recipient="{acs}" InResponseTo="{request}"/>
</SubjectConfirmation></Subject><Conditions NotBefore="{now}" NotOnOrAfter="{later}"><AudienceRestriction><Audience>https://external.example.org/shibboleth</Audience>
</AudienceRestriction></Conditions><AuthnStatement AuthnInstant="{now}" SessionIndex="{index}"><AuthnContext>
<AuthnContextClassRef>{level}</AuthnContextClassRef></AuthnContext></AuthnStatement>
<AttributeStatement>{attributes}</AttributeStatement></Assertion></samlp:Response>"""

PERSON = {"urn:oid:1.3.6.1.4.1.5923.1.1.1.6": ["alice@example.org"], "urn:oid:2.16.840.1.113730.3.1.241": ["Alice Ü"],
          "urn:oid:0.9.2342.19200300.100.1.3": ["alice@example.org"],
          "urn:oid:1.3.6.1.4.1.5923.1.1.1.9": ["member@example.org", "staff@example.org", "staff@elsewhere.example"]}
ELSEWHERE = {"urn:oid:1.3.6.1.4.1.5923.1.1.1.6": ["alice@elsewhere.example"]}


def guide():
    with open(TOP + "/docs/shibboleth.md", encoding="utf-8") as file:
        return file.read()


class Provider:
    """An identity provider."""

    def __init__(self, folder):
        self.folder, self.count = folder, 0
        self.key, self.certificate = folder + "/idp.key", folder + "/idp.pem"
        tls.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=idp.example.org", "-keyout", self.key, "-out", self.certificate)

    def metadata(self):
        with open(self.certificate, encoding="ascii") as file:
            return METADATA % (IDP, "".join(file.read().splitlines()[1:-1]))

    def answer(self, location, person):
        """(address, form) that the browser posts, for the redirect that brought it."""
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(location).query))
        request = zlib.decompress(base64.b64decode(query["SAMLRequest"]), -15).decode()
        self.count += 1
        now = datetime.now(timezone.utc)
        acs = re.search(r'AssertionConsumerServiceURL="([^"]*)"', request).group(1)
        text = RESPONSE.format(
            id=self.count, idp=IDP, acs=acs, request=re.search(r'\bID="([^"]*)"', request).group(1),
            now=(now - timedelta(seconds=30)).strftime("%Y-%m-%dT%H:%M:%SZ"), later=(now + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            name=person.get("name", "x"), index=person.get("index", "_s"), level=person.get("class", "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"),
            attributes="".join('<Attribute Name="%s" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri">%s</Attribute>' % (
                name, "".join("<AttributeValue>%s</AttributeValue>" % value for value in values)) for name, values in person.items() if ":" in name))
        with open(self.folder + "/response.xml", "w", encoding="utf-8") as file:
            file.write(text)
        done = subprocess.run(["xmlsec1", "--sign", "--privkey-pem", self.key, "--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:protocol:Response",
                               self.folder + "/response.xml"], capture_output=True, env=ENVIRONMENT, timeout=300, check=True)
        return acs, {"SAMLResponse": base64.b64encode(done.stdout).decode(), "RelayState": query["RelayState"]}


@pytest.fixture(scope="module")
def campus(make_module_rig, authority, tmp_path_factory):
    snippet = sample("shibboleth.conf")
    policy = re.search(r"```meetauth\n(.*?)```", guide(), re.S).group(1)
    rig = make_module_rig(tls=authority, sections=section_of(snippet) + policy)
    folder = rig.folder + "/shibboleth"
    os.mkdir(folder)
    rig.provider = Provider(folder)
    config, attributes, lines = re.findall(r"^   ```xml\n(.*?)^   ```$", guide(), re.S | re.M)
    for name in ("security-policy.xml", "protocols.xml"):
        shutil.copy("/etc/shibboleth/" + name, folder)
    for name, end, added in (("attribute-map.xml", "</Attributes>", attributes), ("attribute-policy.xml", "</AttributeFilterPolicyGroup>", lines)):
        with open("/etc/shibboleth/" + name, encoding="utf-8") as file:
            whole = replace(file.read(), end, added + end)
        with open("%s/%s" % (folder, name), "w", encoding="utf-8") as file:
            file.write(whole)
    with open(folder + "/idp-metadata.xml", "w", encoding="utf-8") as file:
        file.write(rig.provider.metadata())
    for use in ("signing", "encrypt"):
        tls.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=external.example.org",
                    "-keyout", "%s/sp-%s-key.pem" % (folder, use), "-out", "%s/sp-%s-cert.pem" % (folder, use))
    for name in re.findall(r'(?:path|key|certificate)="([^"]*)"', config):
        config = config.replace('"%s"' % name, '"%s/%s"' % (folder, name))
    listener = '<OutOfProcess logger="/etc/shibboleth/console.logger"/><UnixListener address="%s/shibd.sock"/>' % folder
    config = replace(config, "    <RequestMapper", "    %s\n    <RequestMapper" % listener)
    with open(folder + "/shibboleth2.xml", "w", encoding="utf-8") as file:
        file.write(config)
    settings = ["env", "SHIBSP_CONFIG=%s/shibboleth2.xml" % folder, "SHIBSP_LOGGING=/etc/shibboleth/console.logger",
                "SHIBSP_SERVER_NAME=external.example.org", "SHIBSP_SERVER_SCHEME=https", "SHIBSP_SERVER_PORT=%d" % rig.port]
    assert all(setting.partition("=")[0] in guide() for setting in settings[3:])
    shibd = [SHIBD, "-F", "-f", "-c", folder + "/shibboleth2.xml", "-p", folder + "/shibd.pid"]
    checked = subprocess.run([*settings, *shibd, "-t"], capture_output=True, text=True, env=ENVIRONMENT, timeout=300, check=False)
    assert checked.returncode == 0, checked.stderr + checked.stdout
    programs = [Program([*settings, *shibd], folder + "/shibd.log")]
    wait_for(lambda: os.path.exists(folder + "/shibd.sock"), "shibd")
    for part in ("shibauthorizer", "shibresponder"):
        socket = "%s/%s.sock" % (folder, part)
        snippet = replace(snippet, "/run/meetauth-socket/%s.sock" % part, socket)
        programs.append(Program([*settings, "spawn-fcgi", "-n", "-s", socket, "-M", "0666", "--", PARTS + "/" + part], "%s/%s.log" % (folder, part)))
        wait_for(lambda path=socket: os.path.exists(path), part)
    os.chmod(folder, 0o755)

    def edit(text):
        for location in ("location ~ ^/auth/(healthz|readyz|metrics)$ {\n", "location ^~ /auth/static/ {\n"):
            text = replace(text, location, location + "auth_request off;\n")
        return text

    with_snippet(rig, replace(snippet, "include fastcgi_params;", "include /etc/nginx/fastcgi_params;"), edit)
    yield rig
    for program in reversed(programs):
        program.stop()


def to_the_provider(campus, visitor):
    """By the button of the login page; the redirect to the identity provider."""
    page = visitor.login_page()
    button = re.search(r'<(?:a|form)[^>]*(?:href|action)="([^"]*)"[^>]*>(?:(?!</(?:a|form)>).)*Sign in with your university', page.text, re.S)
    assert button, page.text
    sent = visitor.get(urllib.parse.urljoin("/auth/login", button.group(1).replace("&amp;", "&")))
    assert sent.status in (302, 303) and "/Shibboleth.sso/Login?target=" in sent.location, sent
    away = visitor.get(sent.location)
    assert away.status == 302 and away.location.startswith("https://idp.example.org/sso?"), away
    return away.location


def back(campus, visitor, person):
    address, form = campus.provider.answer(to_the_provider(campus, visitor), person)
    answer = visitor.post(address, form)
    assert answer.status in (302, 303), answer
    return visitor.get(answer.location)


def test_a_join_by_saml(campus):
    visitor = campus.visitor()
    answer = back(campus, visitor, PERSON)
    if not answer.location.startswith(campus.site):
        answer = visitor.get(answer.location)
    assert joined_as(campus, answer) == ("shibboleth", "alice@example.org")
    assert "participantName=Alice%20%C3%9C" in answer.location
    assert joined_as(campus, visitor.enter()) == ("shibboleth", "alice@example.org"), "Shibboleth still knows her"


def test_a_name_of_a_domain_that_is_not_the_provider_s_is_nobody(campus):
    answer = back(campus, campus.visitor(), ELSEWHERE)
    assert answer.status == 401, answer


SCOPED = ("urn:oasis:names:tc:SAML:attribute:subject-id", "urn:oasis:names:tc:SAML:attribute:pairwise-id")
LINES = "&#13;&#10;Variable-eppn: alice@example.org&#10;Variable-affiliation: staff@example.org&#10;X: x"


@pytest.mark.parametrize("forged", [
    {"urn:oid:2.16.840.1.113730.3.1.241": ["Mallory" + LINES]}, {"urn:oid:0.9.2342.19200300.100.1.3": ["mallory" + LINES]},
    {"urn:oid:1.3.6.1.4.1.5923.1.1.1.6": ["mallory%s@example.org" % LINES.replace("@", "%40")]},
    *({name: ["mallory%s@example.org" % LINES.replace("@", "%40")]} for name in SCOPED),
    {"urn:oid:1.3.6.1.4.1.5923.1.1.1.9": ["staff%s@example.org" % LINES.replace("@", "%40")]},
    {"urn:oid:1.3.6.1.4.1.5923.1.1.1.7": ["mallory" + LINES]}, {"class": "urn:mallory" + LINES}, {"index": "mallory" + LINES},
    {"name": "mallory" + LINES}])
def test_line_ends_in_an_answer_make_no_other_attribute(campus, forged):
    """Otherwise each provider of a federation, and all who choose their own name there, could be anybody."""
    answer = back(campus, campus.visitor(), {**ELSEWHERE, **forged})
    assert answer.status == 401, answer


def test_an_answer_that_nobody_signed_is_refused(campus):
    visitor = campus.visitor()
    address, form = campus.provider.answer(to_the_provider(campus, visitor), PERSON)
    forged = base64.b64decode(form["SAMLResponse"]).replace(b"alice@example.org", b"admin@example.org")
    assert visitor.post(address, {**form, "SAMLResponse": base64.b64encode(forged).decode()}).status >= 400
    answer = visitor.enter()
    assert answer.status == 303 and "/auth/login" in answer.location


def test_no_token_of_a_join_reaches_shibboleth(campus):
    location = to_the_provider(campus, campus.visitor())
    assert "requestToken" not in urllib.parse.unquote(location)


def test_headers_of_the_visitor_are_no_attributes(campus):
    forged = [(name, "alice@example.org") for name in ("eppn", "Variable-eppn", "Variable_eppn", "HTTP_EPPN", "Remote-User")]
    answer = campus.visitor().enter(headers=forged + SPOOFS)
    assert answer.status == 303 and "/auth/login" in answer.location, answer
    assert campus.send("GET", "/shibauthorizer").status == 404
