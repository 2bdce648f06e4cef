/* Draws observations per day from the table that stands below the chart. */
this.exportChart = (function () {
  "use strict";

  const language = document.documentElement.lang || "en";
  const numbers = new Intl.NumberFormat(language, { notation: "compact" });
  const days = new Intl.DateTimeFormat(language, { timeZone: "UTC", day: "numeric", month: "short" });
  const whole = new Intl.NumberFormat(language);
  const HEIGHT = 180;
  const DAY = 86400;

  function data(table) {
    const lines = [...table.querySelectorAll("tr[data-day]")];
    return [
      lines.map((line) => Date.parse(line.dataset.day + "T00:00Z") / 1000),
      lines.map((line) => Number(line.dataset.rows)),
    ];
  }

  function options(box, colour) {
    return {
      width: box.clientWidth,
      height: HEIGHT,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      legend: { live: true },
      cursor: { y: false, drag: { x: false, y: false } },
      scales: {
        x: { range: (plot, first, last) => [first - DAY, last + DAY] },
        y: { range: (plot, least, most) => [0, most * 1.05 || 1] },
      },
      axes: [
        { values: (plot, ticks) => ticks.map((tick) => days.format(tick * 1000)) },
        { values: (plot, ticks) => ticks.map((tick) => numbers.format(tick)), size: 55 },
      ],
      series: [
        { label: box.dataset.exportDay, value: (plot, at) => (at === null ? "–" : days.format(at * 1000)) },
        {
          label: box.dataset.exportRows,
          value: (plot, rows) => (rows === null ? "–" : whole.format(rows)),
          fill: colour,
          stroke: colour,
          width: 0,
          points: { show: false },
          paths: uPlot.paths.bars({ size: [0.8, 60] }),
        },
      ],
    };
  }

  return function (box) {
    box.hidden = false;
    const table = document.getElementById(box.dataset.exportChart);
    const colour = getComputedStyle(box).color;
    const plot = new uPlot(options(box, colour), data(table), box);
    const watch = new ResizeObserver(() => {
      if (!box.isConnected) {
        watch.disconnect();
        plot.destroy();
      } else if (box.clientWidth) {
        plot.setSize({ width: box.clientWidth, height: HEIGHT });
      }
    });
    watch.observe(box);
  };
})();
