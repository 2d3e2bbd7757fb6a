/* The console's own behaviour. Everything here is a comfort: without it each link and button still works. */
(function () {
  "use strict";

  // A refusal (409, 422, 403) is a page part like any other and is shown in place.
  document.addEventListener("htmx:beforeSwap", function (event) {
    var detail = event.detail;
    if (/\/login\/(\?|$)/.test(detail.xhr.responseURL || "")) {
      // The session is over: log in, then come back to where one was.
      detail.shouldSwap = false;
      window.location.reload();
      return;
    }
    if ([403, 409, 422, 503].indexOf(detail.xhr.status) !== -1 && detail.xhr.responseText.indexOf('id="crew"') !== -1) {
      detail.shouldSwap = true;
      detail.isError = false;
    }
  });

  // A part that did not change is left alone, with the focus and the selection in it.
  document.addEventListener("htmx:oobBeforeSwap", function (event) {
    var fresh = event.detail.fragment && event.detail.fragment.firstElementChild;
    var target = event.detail.target;
    if (!fresh || !target || fresh.dataset.sum === undefined) return;
    if (fresh.dataset.sum === target.dataset.sum) {
      event.detail.shouldSwap = false;
      return;
    }
    var active = document.activeElement;
    if (active && active.id && target.contains(active)) refocus(active.id);
  });

  function refocus(id) {
    window.setTimeout(function () {
      var again = document.getElementById(id);
      if (again) again.focus();
    }, 30);
  }

  ["htmx:sendError", "htmx:timeout", "htmx:responseError"].forEach(function (name) {
    document.addEventListener(name, function () {
      document.body.classList.add("is-offline");
    });
  });
  document.addEventListener("htmx:afterOnLoad", function () {
    document.body.classList.remove("is-offline");
  });

  /* --- the crew dialog over the bookings table --- */
  function dialog() {
    return document.getElementById("crew-dialog");
  }

  function openCrew(url, remember) {
    var box = dialog();
    if (!box) {
      window.location.href = url;
      return;
    }
    window.htmx.ajax("GET", url, {
      target: "#crew-dialog-body",
      swap: "innerHTML",
      source: box,
    }).then(function () {
      if (!box.open) box.showModal();
      focusTitle();
      if (remember) window.history.pushState({ crew: url }, "", url);
    });
  }

  function focusTitle() {
    var title = document.getElementById("crew-title");
    if (title) title.focus({ preventScroll: true });
  }

  function whenClosed() {
    document.getElementById("crew-dialog-body").replaceChildren();
    if (window.history.state && window.history.state.crew) window.history.back();
  }

  window.addEventListener("popstate", function (event) {
    var box = dialog();
    if (!box) return;
    if (event.state && event.state.crew) openCrew(event.state.crew, false);
    else if (box.open) box.close();
  });

  document.addEventListener("DOMContentLoaded", function () {
    var box = dialog();
    if (box) {
      box.addEventListener("close", whenClosed);
      box.addEventListener("click", function (event) {
        if (event.target === box) box.close();
      });
    }
  });

  // After a press the button may be gone: the focus goes to the title, not to the start of the page.
  document.addEventListener("htmx:afterSettle", function (event) {
    if (event.detail.target && event.detail.target.id === "crew" && document.activeElement === document.body) focusTitle();
  });

  /* --- clicks --- */
  function plain(event) {
    return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  }

  document.addEventListener("click", function (event) {
    var copy = event.target.closest("[data-copy]");
    if (copy) return void copyText(copy);
    if (event.target.closest("[data-close-dialog]")) return void dialog().close();
    if (!plain(event)) return;
    var link = event.target.closest("a[data-crew]");
    if (!link && !event.target.closest("a, button, input, label")) {
      var row = event.target.closest("#result_list tbody tr");
      link = row && row.querySelector("a.row-link");
      if (link && !link.hasAttribute("data-crew")) {
        window.location.href = link.href;
        return;
      }
    }
    if (link && dialog()) {
      event.preventDefault();
      link.focus();
      openCrew(link.getAttribute("href"), true);
    }
  });

  function copyText(button) {
    window.navigator.clipboard.writeText(button.dataset.copy).then(function () {
      var icon = button.querySelector(".icon");
      icon.textContent = "check";
      button.setAttribute("title", "Copied");
      window.setTimeout(function () {
        icon.textContent = "content_copy";
        button.setAttribute("title", "Copy");
      }, 1500);
    });
  }

  /* --- P looks at what would be paid --- */
  document.addEventListener("keydown", function (event) {
    if (event.key !== "p" && event.key !== "P") return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest && event.target.closest("input, textarea, select, [contenteditable]")) return;
    var pay = document.querySelector("[data-pay]");
    if (pay && pay.offsetParent !== null) {
      event.preventDefault();
      pay.click();
    }
  });
})();
