// The document names the servers of production. What a reader tries out here is
// asked of the server that this page came from.
const home = new URL("..", document.baseURI);

window.addEventListener("DOMContentLoaded", () => {
  window.SwaggerUIBundle({
    url: new URL("openapi.yaml", home).href,
    dom_id: "#reference",
    deepLinking: true,
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    supportedSubmitMethods: ["get"],
    validatorUrl: null,
    requestInterceptor: (request) => {
      const asked = new URL(request.url, home);
      if (asked.origin !== home.origin) {
        request.url = new URL(asked.pathname.slice(1) + asked.search, home).href;
      }
      return request;
    },
  });
});
