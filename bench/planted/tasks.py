"""Errands with issues and lists of things to do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from planted.world import FIRMS, THINGS, Talk, World, listed, stamp


def issue(talk: Talk, world: World) -> None:
    project, name = world.pick("OPS", "WEB", "DATA"), world.person()
    account, key = world.id("", 24).lower(), f"{world.pick('OPS', 'WEB', 'DATA')}-{world.digits(3)}"
    due = world.day()
    talk.user(
        f"Open a bug in {project}: the export button does nothing on Safari. High priority, {name} should "
        f"take it, due {world.said(due)}."
    )
    key = f"{project}-{world.digits(3)}"
    talk.call(
        "FIND_USERS",
        {"query": name},
        [{"accountId": account, "displayName": name, "accountType": "atlassian", "active": True}],
    )
    talk.call(
        "CREATE_ISSUE",
        {
            "fields": {
                "project": {"key": project},
                "issuetype": {"name": "Bug"},
                "summary": "Export button does nothing on Safari",
                "priority": {"name": "High"},
                "assignee": {"accountId": account},
                "duedate": due.isoformat(),
            }
        },
        {
            "id": world.digits(5),
            "key": key,
            "self": f"https://harborpine.atlassian.net/rest/api/3/issue/{world.digits(5)}",
        },
    )
    talk.say(f"{key} is open, assigned to {name} and due on {due.strftime('%B')} {due.day}.")
    talk.user("thx. log 1h 30m on it for me, I already looked into it this morning")
    talk.call(
        "ADD_WORKLOG",
        {"issueIdOrKey": key, "timeSpent": "1h 30m", "comment": "First look into the cause."},
        {
            "id": world.digits(5),
            "self": f"https://harborpine.atlassian.net/rest/api/3/worklog/{world.digits(5)}",
            "issueId": world.digits(5),
            "author": {"accountId": world.id("", 24).lower(), "displayName": "You"},
            "timeSpent": "1h 30m",
            "timeSpentSeconds": 5400,
            "started": stamp(world.today, 9, 0, "Z"),
        },
    )
    talk.say(f"90 minutes are logged on {key}.")


def transition(talk: Talk, world: World) -> None:
    project = world.pick("OPS", "WEB")
    keys = [f"{project}-{world.digits(3)}" for _ in range(3)]
    done = world.digits(2)
    issues: list[dict[str, Any]] = [
        {
            "id": world.digits(5),
            "key": key,
            "fields": {"summary": f"Check the {thing}", "status": {"name": "In Progress"}},
        }
        for key, thing in zip(keys, world.rng.sample(THINGS, 3), strict=True)
    ]
    talk.user(f"What is still in progress in {project}?")
    talk.call(
        "SEARCH_ISSUES_USING_JQL",
        {"jql": f'project = {project} AND status = "In Progress" ORDER BY created DESC', "maxResults": 20},
        {"issues": issues, "isLast": True},
    )
    talk.say(
        "Three issues are in progress:\n"
        + "\n".join(f"{n}. {one['key']}: {one['fields']['summary']}" for n, one in enumerate(issues, 1))
    )
    talk.user(
        world.pick("Close the second one.", "The second is done, move it along and say that I checked it.")
    )
    talk.call(
        "GET_TRANSITIONS",
        {"issueIdOrKey": keys[1]},
        {
            "transitions": [
                {"id": done, "name": "Done", "to": {"id": world.digits(5), "name": "Done"}},
                {
                    "id": world.digits(2),
                    "name": "Back to open",
                    "to": {"id": world.digits(5), "name": "Open"},
                },
            ]
        },
    )
    talk.call("TRANSITION_ISSUE", {"issueIdOrKey": keys[1], "transition": {"id": done}}, {})
    talk.call(
        "ADD_COMMENT",
        {"issueIdOrKey": keys[1], "body": "Checked and done."},
        {
            "id": world.digits(5),
            "self": f"https://harborpine.atlassian.net/rest/api/3/comment/{world.digits(5)}",
            "author": {"accountId": world.id(), "displayName": world.person()},
            "body": "Checked and done.",
            "created": stamp(world.today, 15, 20, "Z"),
        },
    )
    talk.say(f"{keys[1]} is done, with a comment; two are left in progress.")


def failing(talk: Talk, world: World) -> None:
    key, name = f"OPS-{world.digits(3)}", world.person()
    talk.user(f"Give {key} to {name}.")
    account = world.id("", 24).lower()
    talk.call(
        "FIND_USERS",
        {"query": name},
        [{"accountId": account, "displayName": name, "accountType": "atlassian", "active": True}],
    )
    talk.call(
        "ASSIGN_ISSUE",
        {"issueIdOrKey": key, "accountId": account},
        {"error": {"status": 404, "errorMessages": ["Issue does not exist, or you may not see it."]}},
    )
    talk.say(
        world.pick(
            f"That did not work: {key} does not exist, or I may not see it. Is the key right?",
            f"I couldn't assign {key}; Jira says it does not exist or is hidden from this account.",
        )
    )
    other = f"OPS-{world.digits(4)}"
    talk.user(f"oh sorry, it's {other}")
    talk.call("ASSIGN_ISSUE", {"issueIdOrKey": other, "accountId": account}, {})
    talk.say(f"{name} has {other} now.")


def board(talk: Talk, world: World) -> None:
    workspace, project, section = world.digits(16), world.digits(16), world.digits(16)
    thing, due = world.pick(*THINGS), world.day()
    talk.user(f"Which projects do we have in Asana? I need to plan the {thing}.")
    talk.call(
        "GET_WORKSPACES",
        {},
        {"data": [{"gid": workspace, "resource_type": "workspace", "name": world.pick(*FIRMS)}]},
    )
    names = world.rng.sample(["Operations", "Spring campaign", "Office move", "Hiring"], 3)
    talk.call(
        "GET_PROJECTS",
        {"workspace": workspace, "archived": False},
        {
            "data": [
                {"gid": project if n == 0 else world.digits(16), "resource_type": "project", "name": one}
                for n, one in enumerate(names)
            ]
        },
    )
    talk.say(f"There are three: {listed(names)}.")
    talk.user(
        f"Put a task '{thing}' into {names[0]}, due {world.said(due)}, and a subtask to collect the numbers."
    )
    task, sub = world.digits(16), world.digits(16)
    link = "https://app.asana.com/0/0/"
    common = {"resource_type": "task", "completed": False, "created_at": stamp(world.today, 11, 0, "Z")}
    talk.call(
        "CREATE_TASK",
        {"name": thing.capitalize(), "projects": [project], "due_on": due.isoformat()},
        {
            "data": {
                "gid": task,
                "name": thing.capitalize(),
                **common,
                "due_on": due.isoformat(),
                "projects": [{"gid": project, "name": names[0]}],
                "permalink_url": link + task,
            }
        },
    )
    talk.call(
        "CREATE_SUBTASK_FOR_TASK",
        {"task_gid": task, "name": "Collect the numbers"},
        {
            "data": {
                "gid": sub,
                "name": "Collect the numbers",
                **common,
                "parent": {"gid": task, "name": thing.capitalize()},
                "permalink_url": link + sub,
            }
        },
    )
    talk.say(
        f"The task is in {names[0]}, due {due.strftime('%A')} {due.day} {due.strftime('%B')}, with one "
        f"subtask: {link}{task}"
    )
    del section


def todo(talk: Talk, world: World) -> None:
    project, other = world.digits(10), world.digits(10)
    word = world.pick("Garden", "Flat", "Club")
    talk.user(f"add 'call the plumber' to my {word} list for next Friday, it's urgent")
    shape = {"color": "green", "is_favorite": False, "is_shared": False, "view_style": "list"}
    talk.call(
        "GET_PROJECTS",
        {},
        [
            {"id": one, "name": name, **shape, "url": f"https://todoist.com/showProject?id={one}"}
            for one, name in ((project, word), (other, "Inbox"))
        ],
    )
    day = world.today + timedelta(days=(4 - world.today.weekday()) % 7 + 7)
    task = world.digits(10)
    talk.call(
        "CREATE_TASK",
        {"content": "Call the plumber", "due_string": "next Friday", "project_id": project, "priority": 4},
        {
            "id": task,
            "content": "Call the plumber",
            "description": "",
            "project_id": project,
            "is_completed": False,
            "labels": [],
            "priority": 4,
            "due": {"date": day.isoformat(), "string": "next Friday", "is_recurring": False},
            "url": f"https://todoist.com/showTask?id={task}",
            "created_at": stamp(world.today, 18, 5, "Z"),
        },
    )
    talk.say(f"It's on your {word} list for Friday, {day.day} {day.strftime('%B')}, top priority.")
    talk.user("perfect. and tick off the one about the keys")
    key = world.digits(10)
    talk.call(
        "GET_TASKS",
        {"project_id": project},
        [
            {
                "id": one,
                "content": text,
                "description": "",
                "project_id": project,
                "is_completed": False,
                "labels": [],
                "priority": 1,
                "url": f"https://todoist.com/showTask?id={one}",
                "created_at": stamp(world.today, 7, 0, "Z"),
            }
            for one, text in ((task, "Call the plumber"), (key, "Copy the keys"))
        ],
    )
    talk.call("CLOSE_TASK", {"task_id": key}, {})
    talk.say("“Copy the keys” is ticked off. Only the plumber is left there.")
