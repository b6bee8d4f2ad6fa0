// GraphiQL over the chosen services: ?services=a,b scopes introspection, completion and documentation.
"use strict";

(async () => {
  const chosen = new URLSearchParams(location.search).get("services") || "";
  const endpoint = chosen ? `/graphql?services=${encodeURIComponent(chosen)}` : "/graphql";

  const ask = async (parameters) => {
    const response = await fetch(endpoint, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/graphql-response+json" },
      body: JSON.stringify(parameters),
    });
    return response.json();
  };

  const listServices = async () => {
    const all = [];
    for (;;) {
      const query = "query($after: String!) { catalog { services(first: 1000, after: $after) { name title { zh en } } } }";
      const after = all.length ? all[all.length - 1].name : "";
      const page = (await ask({ query, variables: { after } })).data.catalog.services;
      all.push(...page);
      if (page.length < 1000) return all;
    }
  };

  const services = await listServices();
  const ticked = new Set(chosen.split(",").filter(Boolean));
  const list = document.getElementById("services");
  const show = (text) => {
    const word = text.toLowerCase();
    const found = services.filter((s) => `${s.name} ${s.title.zh} ${s.title.en}`.toLowerCase().includes(word));
    list.replaceChildren(...found.slice(0, 200).map((service) => {
      const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: ticked.has(service.name) });
      box.addEventListener("change", () => {
        if (box.checked) ticked.add(service.name); else ticked.delete(service.name);
        document.getElementById("chosen").value = [...ticked].join(",");
      });
      const label = document.createElement("label");
      const title = document.createElement("small");
      title.textContent = `${service.title.zh} ${service.title.en}`;
      label.append(box, service.name, title);
      const item = document.createElement("li");
      item.append(label);
      return item;
    }));
  };
  document.getElementById("chosen").value = chosen;
  document.getElementById("search").addEventListener("input", (event) => show(event.target.value));
  show("");

  const scope = document.getElementById("scope");
  const editor = document.getElementById("editor");
  scope.textContent = chosen ? `Services: ${chosen}` : `All ${services.length} services`;
  if (ticked.size === 1) document.getElementById("sdl").href = `/schema/${chosen}.graphql`;

  const probe = await ask({ query: "{ __schema { queryType { name } } }" });
  if (probe.errors) {
    const hint = document.createElement("p");
    hint.className = "hint";
    hint.textContent = probe.errors[0].message;
    editor.replaceChildren(hint);
    document.querySelector("header details").open = true;
    return;
  }

  const e = React.createElement;
  const example = document.documentElement.dataset.example || "{\n  catalog {\n    services {\n      name\n      title { zh en }\n    }\n  }\n}\n";
  const Page = () => {
    const [query, setQuery] = React.useState(undefined);
    const explorer = GraphiQLPluginExplorer.useExplorerPlugin({ query, onEdit: setQuery });
    return e(GraphiQL, {
      fetcher: GraphiQL.createFetcher({ url: endpoint }),
      defaultQuery: example,
      query,
      onEditQuery: setQuery,
      plugins: [explorer],
      shouldPersistHeaders: false,
    });
  };
  ReactDOM.render(e(Page), editor);
})();
