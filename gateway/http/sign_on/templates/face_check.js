// Takes a face check back to the mini-program whose web-view this page is in. Anywhere else there is no such bridge, and
// nothing happens. The query leaves the address first, so that nobody reads the code from it.
"use strict";

const { bridge: path, page } = document.currentScript.dataset;
const query = location.search;
history.replaceState(null, "", location.pathname);
const bridge = path.split(".").reduce((found, name) => found && found[name], window);
if (bridge) bridge.redirectTo({ url: page + query });
