"""Which words make two requests different, however alike the rest is. Tables of English office work."""

from __future__ import annotations

NEGATIONS = "no not never without cannot none nothing neither nor nobody unless"
"""A request with one of them is another than the same without."""

OPPOSITE_ACTIONS = """
    open / close shut lock
    reopen / close open resolve
    accept approve confirm / reject decline refuse deny dispute
    upload import / download export
    import load / export
    upgrade raise increase extend lengthen expand / downgrade lower reduce decrease shorten cut shrink
    forward / back
    forward / reply
    earlier sooner / later
    start begin resume activate enable / stop end pause suspend deactivate disable
    restore unarchive recover undo / archive delete remove hide
    publish show reveal unhide / hide unpublish withdraw conceal
    subscribe / unsubscribe
    follow / unfollow
    pin / unpin
    mute / unmute
    lock / unlock
    block / unblock allow
    assign / unassign
    check / uncheck
    mark / unmark
    merge combine join / split separate divide
    hire onboard / dismiss offboard
    buy order / sell
    lend / borrow return
    give grant / revoke take withdraw
    grant allow permit / revoke forbid prohibit block
    include / exclude
    invite / uninvite disinvite
    debit charge / credit refund
    charge bill collect / refund reimburse waive credit
    reserve book / release cancel free
    encrypt / decrypt
    attach / detach
    connect link / disconnect unlink
    install / uninstall
"""
"""Verbs and their opposites, a side each: one of one side against each of the other. Those of one side may
stand for one another, and for no other verb."""

OPPOSITE_PROPERTIES = """
    public / private
    paid / unpaid
    read / unread
    internal / external
    incoming / outgoing
    former / new
    oldest / newest latest
    largest biggest highest most / smallest lowest least
    above more over / below less under
    empty / full
"""
"""The same of words that tell things apart."""

ORDER = "before after"
"""Opposites, unless the parts of a sentence have changed places too."""

DECISIVE = "delete erase cancel refund revoke unsubscribe reopen restore reject decline"
"""What only one request does; of other actions it may just say less."""

ACTIONS = """
    create make write draft prepare compose generate produce build document add enter record log note put set
    insert\
 turn convert fill register open save store
    delete remove erase discard drop clear purge take cancel revoke withdraw strike
    move shift postpone reschedule defer push advance transfer relocate migrate
    send email message notify tell inform alert announce post publish share forward mail remind text answer
    reply find search list gather collect show locate identify look pull check compare review count
    archive
    refund reimburse
    charge bill invoice
    translate
    summarise summarize condense
    merge combine
    split divide
    rename
    copy duplicate clone
    assign reassign
    close
    approve accept
    reject decline
    restore recover
    lock
    export
    import
    upload
    download
    unsubscribe
    compare audit
    rank sort order prioritise
    quiz
    invite
"""
"""Verbs that change what is asked for; those of one line may stand for one another."""
