"""From a solid (or a ready mesh) to clean files: the one call that engines make.

    from ml_worker.mesh.params import PROPERTIES, Options
    from ml_worker.mesh.pipeline import STAGES, Built, build, build_mesh

    STAGES: ((stage, weight), …)                      field, surface, texture, files, preview; weights sum to 1
    build(solid: Solid, options: Options, run: Run, *, name="model", device="cpu", paint: Paint | None = None) -> Built
    build_mesh(mesh: Mesh, paint: Paint, options: Options, run: Run, *, name="model") -> Built

    Built(files: tuple[Made, …], report: dict, metrics: dict[str, float])

so that an engine ends with `Result(files=built.files, report=built.report, metrics=built.metrics, understood=…)`.
`files` holds one entry a requested format and the preview. Progress is told under the names of STAGES, cancellation is
looked for between chunks of work. Raises Permanent (`field-invalid`, `field-unbounded`, `empty`, `mesh-invalid`).
"""
