// Takes a face check back to the mini-program whose web-view this page is in. Anywhere else there is no such bridge, and
// nothing happens. The host app's own script sees the code: it has to carry it there, and the code is worth nothing but
// to the session that began the check. The query leaves the address, so that nobody keeps the code or sends it on.
"use strict";

const { bridge: path, page } = document.currentScript.dataset;
const query = location.search;
history.replaceState(null, "", location.pathname);
const bridge = path.split(".").reduce((found, name) => found && found[name], window);
if (bridge) bridge.redirectTo({ url: page + query });
