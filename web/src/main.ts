import { mount } from "svelte";

import "./app.css";
import App from "./App.svelte";
import { setTheme, theme } from "./lib/theme";

setTheme(theme());
mount(App, { target: document.getElementById("app")! });
