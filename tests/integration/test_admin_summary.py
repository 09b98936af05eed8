"""What is wrong with an operator's form stands above everything else, and leads to its field."""

from tests.integration.operated import ONE, asks_to_join, member, net, visitor
from tests.integration.operators import Visitor
from tests.networks import Running
from tests.pages import Page, read

__all__ = ["member", "net", "visitor"]


async def test_what_is_wrong_stands_at_the_top_and_leads_to_its_field(
    net: Running, visitor: Visitor
) -> None:
    wrong = {
        "pause": ({"until": "whenever"}, "Pause", {"#pause-until": "Until"}),
        "edit": (
            {"url": "ftp://x", "organization_logo_url": "x", "organization_name": "X"},
            "Edit the entry",
            {"#edit-url": "Address", "#edit-organization_logo_url": "Its logo"},
        ),
        "remove": ({"note": "kept"}, "Remove", {"#remove-sure": "Yes, remove it"}),
        "put": ({"place": "first"}, "Order", {"#put-place": "Put it at number"}),
    }
    for button, (typed, form, links) in wrong.items():
        reply = await visitor.send(await visitor.get(ONE), button, status=400, **typed)
        page = Page(reply, read(reply.text))
        summary = page.root.one(role="alert")
        assert (summary.attributes["id"], summary.attributes["tabindex"]) == ("problems", "-1")
        assert page.title.startswith("Problem: One <b>")
        assert f"{form}: " in summary.text
        shown = {one.attributes["href"]: one.text for one in summary.all("a")}
        assert {f"#{button}-form": form, **links} == shown
        for target in shown:
            at = page.root.one(id=target[1:])
            assert at.tag in {"input", "textarea"} or at.attributes["tabindex"] == "-1"
        inside = page.root.one("main").nodes
        assert inside.index(summary) < inside.index(page.root.one("h1"))
    assert not (await visitor.get(ONE)).title.startswith("Problem")


async def test_a_form_that_is_gone_is_not_led_to(net: Running, visitor: Visitor) -> None:
    page = await visitor.get(ONE)
    await net.network.registry.steward.pause("one", by="operator:bob")
    reply = await visitor.send(page, "pause", status=400, until="whenever")
    shown = Page(reply, read(reply.text))
    assert shown.root.one(role="alert").all("a") == []
    assert "Pause: " in shown.root.one(role="alert").text


async def test_the_forms_that_stand_on_other_pages_say_it_at_the_top_too(
    net: Running, visitor: Visitor
) -> None:
    await asks_to_join(net)
    for path, button, about, typed in (
        ("/admin", "reject", "new", {"note": "x" * 501}),
        ("/admin/add", "add", "", {"id": "No id", "url": "https://x.example"}),
        ("/admin/groups", "describe", "new", {"id": "No"}),
        ("/admin/groups", "describe", "g-europe", {"name": "x" * 201}),
        ("/admin/keys", "invite", "", {"days": "0"}),
        ("/admin/import", "follow", "", {"id": "src", "url": "ftp://x", "groups": "lost"}),
    ):
        page = await visitor.get(path)
        reply = await visitor.send(page, button, status=400, about=about, **typed)
        page = Page(reply, read(reply.text))
        links = [one.attributes["href"] for one in page.root.one(role="alert").all("a")]
        assert page.title.startswith("Problem: "), path
        assert links, path
        for link in links:
            page.root.one(id=link[1:])


async def test_what_an_entry_names_and_is_not_there_is_said_at_its_field(
    net: Running, visitor: Visitor
) -> None:
    typed = {"same_as": "two, nobody", "ca_file": "/nowhere/ca.pem"}
    new = {"id": "new", "url": "https://new.example.org"}
    for path, button, fields in ((ONE, "edit", {}), ("/admin/add", "add", new)):
        page = await visitor.get(path)
        reply = await visitor.send(page, button, status=400, **typed, **fields)
        summary = Page(reply, read(reply.text)).root.one(role="alert")
        assert "there is no member “nobody”" in summary.text
        assert "“/nowhere/ca.pem” is no file here" in summary.text
        links = {one.attributes["href"] for one in summary.all("a")}
        assert {f"#{button}-same_as", f"#{button}-ca_file"} <= links
    assert net.member("one").entry.same_as == ()
