/* What the export page can do beyond its form: copy texts, draw the chart, and tell that a
   download is being prepared. */
(function (draw) {
  "use strict";

  const form = document.getElementById("export-form");
  if (!form) return;
  const live = document.getElementById("export-live");
  const progress = document.getElementById("export-progress");
  const COOKIE = "export_answer";
  const PATIENCE = 600; // seconds
  const GLANCE = 200; // milliseconds
  let changes = 0; // of the form
  let counted = 0; // of these, what the page shows the numbers and addresses of

  function enliven(part) {
    part.querySelectorAll("[data-export-copy]").forEach((button) => {
      button.hidden = false;
      button.onclick = () => copy(button);
    });
    part.querySelectorAll("[data-export-chart]").forEach(draw);
  }

  /* Beside the fields */

  function mark() {
    document.querySelectorAll(".export-note").forEach((note) => {
      const field = document.getElementById(note.id.replace("-note", ""));
      if (!field) return;
      if (note.textContent.trim()) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
    });
  }

  /* Copying */

  async function copy(button) {
    const text = document.getElementById(button.dataset.exportCopy).textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch (refused) {
      select(button.dataset.exportCopy); // a page without TLS has no clipboard
      document.execCommand("copy");
    }
    const label = button.querySelector("span");
    const before = label.textContent;
    label.textContent = form.dataset.copied;
    progress.textContent = form.dataset.copied;
    setTimeout(() => {
      label.textContent = before;
      progress.textContent = "";
    }, 2000);
  }

  function select(id) {
    const selection = window.getSelection();
    selection.selectAllChildren(document.getElementById(id));
  }

  /* Downloading: the portal says by a cookie that it answers, and how. */

  async function download(event) {
    if (!event.submitter || event.submitter.value !== "download") return;
    const link = document.getElementById("export-link");
    if (!link || counted < changes) return; // the portal says why or where, as without JavaScript
    event.preventDefault();
    const url = new URL(link.textContent, location.href);
    url.protocol = location.protocol; // the portal may know itself by another name
    url.host = location.host;
    tell("preparing");
    event.submitter.disabled = true;
    try {
      const checked = await fetch(url, { method: "HEAD" });
      if (checked.status === 200) tell(await begin(url));
      else tell(reason(checked.status));
    } catch (broken) {
      tell("failed");
    }
    event.submitter.disabled = false;
  }

  async function begin(url) {
    document.cookie = `${COOKIE}=waiting; path=/; max-age=${PATIENCE}; SameSite=Lax`;
    const frame = document.createElement("iframe");
    frame.hidden = true;
    frame.src = url;
    document.body.append(frame);
    setTimeout(() => frame.remove(), PATIENCE * 1000);
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, GLANCE));
      const status = answer();
      if (status !== "waiting") return reason(Number(status));
    }
  }

  function answer() {
    const cookie = document.cookie.split("; ").find((pair) => pair.startsWith(`${COOKIE}=`));
    return cookie ? cookie.slice(COOKIE.length + 1) : "500";
  }

  function reason(status) {
    return { 200: "begun", 204: "empty", 403: "refused", 503: "busy" }[status] || "failed";
  }

  function tell(what) {
    progress.textContent = form.dataset[what];
    progress.dataset.state = what;
  }

  /* What is asked for below the numbers is what the form says by now. */

  function renew(event) {
    for (const field of form.elements) if (field.name) event.formData.delete(field.name);
    for (const [name, value] of new FormData(form)) if (value) event.formData.append(name, value);
  }

  form.addEventListener("submit", download);
  live.addEventListener("formdata", renew);
  form.addEventListener("change", () => {
    changes += 1;
    progress.textContent = "";
    delete progress.dataset.state;
  });
  document.body.addEventListener("htmx:afterSettle", (event) => {
    mark();
    if (event.detail.target !== live) return;
    counted = event.detail.xhr.changes;
    enliven(live);
  });
  for (const kind of ["htmx:responseError", "htmx:sendError"]) {
    document.body.addEventListener(kind, () => tell("failed"));
  }
  form.addEventListener("htmx:beforeRequest", (event) => {
    event.detail.xhr.changes = changes;
    live.setAttribute("aria-busy", "true");
  });
  form.addEventListener("htmx:afterRequest", () => live.removeAttribute("aria-busy"));
  enliven(live);
})(this.exportChart);
