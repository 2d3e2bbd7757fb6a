/* The review queue's keyboard, its dialog, and what one missed. Without it each link and form still works. */
(function () {
  "use strict";

  function queue() { return document.getElementById("payout-queue"); }
  function box() { return document.getElementById("review-dialog"); }
  function sheet() { return document.getElementById("review"); }
  function all(selector) { return Array.from(document.querySelectorAll(selector)); }
  function rows() { return all("#payout-queue #result_list tbody tr").filter(function (row) { return row.querySelector("[data-review]"); }); }
  function waits(row) {
    var state = row.querySelector(".payout-state");
    return Boolean(state) && state.dataset.status === "requested";
  }

  /* --- the current row --- */
  function current() { return document.querySelector("#payout-queue tr.is-current"); }

  function select(row) {
    if (!row) return;
    var before = current();
    if (before) before.classList.remove("is-current");
    row.classList.add("is-current");
    row.scrollIntoView({ block: "nearest" });
  }

  function move(step) {
    var found = rows();
    var at = found.indexOf(current());
    select(found[Math.max(0, Math.min(found.length - 1, at + step))]);
  }

  function nextWaiting() {
    var found = rows();
    var at = found.indexOf(current());
    return found.slice(at + 1).concat(found.slice(0, Math.max(at, 0))).find(waits);
  }

  /* --- the dialog --- */
  function open(row, focus) {
    select(row);
    var link = row.querySelector("[data-review]");
    window.htmx.ajax("GET", link.dataset.review, { target: "#review-dialog-body", swap: "innerHTML", source: box() }).then(function () {
      if (!box().open) box().showModal();
      focusOn(focus);
    });
  }

  function focusOn(what) {
    var amount = document.getElementById("approve-amount");
    var targets = {
      approve: amount || document.getElementById("approve-button"),
      reject: document.getElementById("reject-reason"),
    };
    var target = targets[what] || document.getElementById("next-button") || document.getElementById("review-title");
    if (target) target.focus({ preventScroll: true });
  }

  function goOn() {
    var row = nextWaiting();
    if (row) open(row, "");
    else window.location.reload();
  }

  function release() {
    var form = document.getElementById("release-form");
    if (form) window.fetch(form.action, { method: "POST", body: new window.FormData(form), keepalive: true });
  }

  function whenClosed() {
    release();
    document.getElementById("review-dialog-body").replaceChildren();
    window.htmx.trigger(document.body, "queue-look");
  }

  // A refusal is a sheet like any other and is shown in place.
  document.addEventListener("htmx:beforeSwap", function (event) {
    var detail = event.detail;
    if ([403, 409, 422, 503].indexOf(detail.xhr.status) !== -1 && detail.xhr.responseText.indexOf('id="review"') !== -1) {
      detail.shouldSwap = true;
      detail.isError = false;
    }
  });

  document.addEventListener("htmx:afterSettle", function () {
    mark();
    var shown = sheet();
    if (!shown || !box()) return;
    if (!box().open) box().showModal();
    if (shown.dataset.decided && !shown.dataset.told) {
      shown.dataset.told = "1";
      focusOn("");
      window.htmx.trigger(document.body, "queue-look");
    } else if (document.activeElement === document.body || document.activeElement === box()) {
      focusOn("");
    }
  });

  /* --- rows that were decided, and those that are picked --- */
  function mark() {
    if (!queue()) return;
    rows().forEach(function (row) {
      var pick = row.querySelector(".pick");
      var settled = Boolean(pick) && !waits(row);
      row.classList.toggle("is-settled", settled);
      if (settled) {
        pick.checked = false;
        pick.disabled = true;
      }
      row.classList.toggle("is-picked", Boolean(pick) && pick.checked);
    });
    var count = all(".pick:checked").length;
    var told = document.querySelector("[data-picked]");
    if (told) told.textContent = count + (count === 1 ? " request" : " requests") + " selected";
  }

  document.addEventListener("change", function (event) {
    if (event.target.classList.contains("pick")) mark();
  });

  /* --- clicks --- */
  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-help]")) return void document.getElementById("help-dialog").showModal();
    if (event.target.closest("[data-close-help]")) return void document.getElementById("help-dialog").close();
    if (event.target.closest("[data-close-review]")) return void box().close();
    if (event.target.closest("[data-seen]")) {
      event.preventDefault();
      return void seen();
    }
    if (event.target.closest("[data-unpick]")) {
      all(".pick:checked").forEach(function (pick) { pick.checked = false; });
      return void mark();
    }
    if (box() && event.target.closest("[data-next]")) {
      event.preventDefault();
      return void goOn();
    }
    if (box() && event.target.closest("[data-reload]")) {
      event.preventDefault();
      window.location.reload();
    }
  });

  // Before console.js, which would follow the row's link to the whole page.
  document.addEventListener("click", function (event) {
    if (!queue() || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    var row = event.target.closest("#result_list tbody tr");
    if (!row || !row.querySelector("[data-review]")) return;
    var link = event.target.closest("a");
    if ((link && !link.dataset.review) || event.target.closest("button, input, label")) return;
    event.preventDefault();
    event.stopPropagation();
    open(row, "");
  }, true);

  /* --- keys --- */
  function inList(key) {
    var row = current() || rows()[0];
    var act = {
      j: function () { move(1); }, arrowdown: function () { move(1); },
      k: function () { move(-1); }, arrowup: function () { move(-1); },
      o: function () { open(row, ""); }, enter: function () { open(row, ""); },
      a: function () { open(row, "approve"); },
      r: function () { open(row, "reject"); },
      n: goOn,
      x: function () {
        select(row);
        var pick = row.querySelector(".pick");
        if (pick && !pick.disabled) pick.click();
      },
    }[key];
    if (act && row) act();
    return Boolean(act);
  }

  function inSheet(key) {
    var shown = sheet();
    if (!shown) return false;
    var page = shown.dataset.page;
    if (key === "o" && page) window.location.href = page;
    else if ((key === "n" || key === "j") && (shown.dataset.decided || key === "n")) {
      if (shown.dataset.decided === "bulk") window.location.reload();
      else goOn();
    } else if (key === "a" || key === "r") focusOn(key === "a" ? "approve" : "reject");
    else return false;
    return true;
  }

  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    var key = event.key.toLowerCase();
    if (event.target.closest("input:not(.pick), textarea, select, [contenteditable]")) return;
    if (!queue()) {
      if (sheet() && (key === "a" || key === "r") && document.querySelector(".decide")) {
        event.preventDefault();
        focusOn(key === "a" ? "approve" : "reject");
      }
      return;
    }
    // Enter and Space on a button or a link are its own.
    if (key === "enter" && event.target.closest("button, a, summary, input")) return;
    var help = document.getElementById("help-dialog");
    var handled = true;
    if (key === "?") help.showModal();
    else if (help.open) handled = false;
    else if (box().open) handled = inSheet(key);
    else if (key === "u") window.location.reload();
    else handled = inList(key);
    if (handled) event.preventDefault();
  });

  /* --- what happened since the last look: this browser remembers the last audit entry it was shown --- */
  function memory() { return "payout-queue-seen-" + queue().dataset.user; }

  function seen() {
    var shown = document.querySelector(".changes");
    if (shown) window.localStorage.setItem(memory(), shown.dataset.last);
    document.getElementById("queue-changes").hidden = true;
  }

  function whatChanged() {
    var since = window.localStorage.getItem(memory());
    var url = queue().dataset.changes + "?since=" + encodeURIComponent(since || "");
    window.htmx.ajax("GET", url, { target: "#queue-changes", swap: "innerHTML" }).then(function () {
      var shown = document.querySelector(".changes");
      if (!shown) return;
      if (shown.children.length) document.getElementById("queue-changes").hidden = false;
      else window.localStorage.setItem(memory(), shown.dataset.last);
    });
  }

  document.addEventListener("DOMContentLoaded", function () {
    if (!queue()) return;
    [box(), document.getElementById("help-dialog")].forEach(function (dialog) {
      dialog.addEventListener("click", function (event) { if (event.target === dialog) dialog.close(); });
    });
    box().addEventListener("close", whenClosed);
    window.addEventListener("pagehide", release);
    select(rows()[0]);
    mark();
    whatChanged();
  });
})();
