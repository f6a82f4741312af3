# Written by `python bench/stubs.py --write`.

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, overload

from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from trombine.batch.result import Result
from trombine.readings.reading import PictureReading

__version__: str
__all__: list[str]

_Path = str | Path
_Paths = str | Path | Iterable[str | Path]
_Held = TypeVar(
    "_Held",
    Image.Image,
    NDArray[Any],
    Tensor,
    list[Image.Image],
    list[NDArray[Any]],
    list[Tensor],
)
_Picture = str | Path | Image.Image | NDArray[Any]

def data_world(
    *,
    count: int,
    output: _Path,
    size: int = ...,
    first_seed: int = ...,
    workers: int | None = ...,
    overwrite: bool = ...,
    pack: bool = ...,
    style: str = ...,
) -> Result:
    """Paint faces, with exact parts, landmarks and parameters.

    A face is a function of its seed, and its files are named by the seed. Run again, only what is
    missing is made.

    Arguments, by name:
        count: How many pictures.
        output: The folder to write, or with pack=True the pack.
        size: Width and height in pixels: 16 to 2048.
        first_seed: The seed of the first picture; the others follow it: 0 or more.
        workers: How many processes paint: by default one for each core where that
            pays.
        overwrite: Make pictures again that are there already.
        pack: Write a pack: fewer and larger files, which are faster to read, in
            place of pictures.
        style: photo, anime, cartoon or sketch; two joined by + for pairs of the
            same faces; or posed, photos of heads that turn by up to 60 degrees,
            every third with eyes nearly closed; or children, photos of people
            younger than 16.
    """

def data_leaves(
    *,
    count: int,
    output: _Path,
    size: int = ...,
    first_seed: int = ...,
    workers: int | None = ...,
    overwrite: bool = ...,
    pack: bool = ...,
) -> Result:
    """Paint overlapping shapes with the statistics of natural pictures.

    A picture is a function of its seed, and its file is named by the seed. Run again, only what is
    missing is made.

    Arguments, by name:
        count: How many pictures.
        output: The folder to write, or with pack=True the pack.
        size: Width and height in pixels: 16 to 2048.
        first_seed: The seed of the first picture; the others follow it: 0 or more.
        workers: How many processes paint: by default one for each core where that
            pays.
        overwrite: Make pictures again that are there already.
        pack: Write a pack: fewer and larger files, which are faster to read, in
            place of pictures.
    """

def data_fractals(
    *,
    count: int,
    output: _Path,
    size: int = ...,
    first_seed: int = ...,
    workers: int | None = ...,
    overwrite: bool = ...,
    pack: bool = ...,
) -> Result:
    """Paint fractals, each with the numbers it is made from, ready to publish.

    A fractal is a function of its seed, and its file is named by the seed. Run again, only what is
    missing is made. Beside the pictures is a dataset card, which says how to begin.

    Arguments, by name:
        count: How many pictures.
        output: The folder to write, or with pack=True the pack.
        size: Width and height in pixels: 16 to 2048.
        first_seed: The seed of the first picture; the others follow it: 0 or more.
        workers: How many processes paint: by default one for each core where that
            pays.
        overwrite: Make pictures again that are there already.
        pack: Write a pack: fewer and larger files, which are faster to read, in
            place of pictures.
    """

def data_generated(
    *,
    style: str = ...,
    with_: str = ...,
    size: int | None = ...,
    truncation: float = ...,
    model: str | _Path = ...,
    threads: int | None = ...,
    overwrite: bool = ...,
    count: int,
    output: _Path,
    first_seed: int = ...,
) -> Result:
    """Invent faces into a pack, to be judged, compared or learned from.

    Each has its seed beside it, and what the net was told of it. Stopped, it goes on where it was.

    Arguments, by name:
        style: How they are drawn: anime or photo; cartoon and sketch are drawn
            anew, by the net that restyles, from the photo: anime, photo, cartoon
            or sketch.
        with_: What is to be of all of them: "age=60, glasses, no hat, smile=.8",
            of the fields of the world's faces; the rest is the seed's.
        size: Width and height in pixels: the net's own, 96, unless given; 192 and
            384 by the net that enlarges: 16 to 4096.
        truncation: How varied a net's faces are, 0.1 to 1: lower ones are more
            alike, and fewer are odd.
        model: A net that generates, by name, file or run's folder, in place of the
            style's own.
        threads: How many threads work: by default one for each core, and never
            more. The bytes are the same.
        overwrite: Make again what is there.
        count: How many faces: 1 to 1,000,000.
        output: The pack to write.
        first_seed: The seed of the first face; the others follow it: 0 or more.
    """

def data_likenesses(
    *,
    photos: str,
    output: _Path,
    style: str = ...,
    size: int = ...,
    overwrite: bool = ...,
) -> Result:
    """Draw the people of photographs as the reader sees them and the world would paint them.

    Each photograph is a pair with its drawing in each style, to learn restyling from. Stopped, it
    goes on where it was.

    Arguments, by name:
        photos: Photographs of one face each, framed as data prepare crop face
            does: pack:NAME.
        output: The pack to write.
        style: The styles that they are drawn in, with + between them.
        size: Width and height in pixels, which the photographs have: 16 to 1024.
        overwrite: Replace a pack that is there already.
    """

def data_masks(
    *,
    count: int,
    output: _Path,
    size: int = ...,
    first_seed: int = ...,
    workers: int | None = ...,
    overwrite: bool = ...,
    family: str = ...,
) -> Result:
    """Draw masks: which pixels are to be painted (white), which are kept.

    A mask is a function of its seed, and its file is named by the seed. Run again, only what is
    missing is made. A page, index.html, shows what the folder holds.

    Arguments, by name:
        count: How many pictures.
        output: The folder to write.
        size: Width and height in pixels: 16 to 2048.
        first_seed: The seed of the first picture; the others follow it: 0 or more.
        workers: How many processes paint: by default one for each core where that
            pays.
        overwrite: Make pictures again that are there already.
        family: irregular, huge, squares, half, parts, scratches, text, or
            files:FOLDER, with details (irregular:30-40, parts:eyes) and mixed by
            weight (irregular*0.7+squares*0.3).
    """

def data_prepare(
    *,
    folder: _Path,
    output: _Path,
    size: int = ...,
    crop: str = ...,
    as_: str = ...,
    choose: int = ...,
    test: int = ...,
    workers: int | None = ...,
    device: str = ...,
    overwrite: bool = ...,
) -> Result:
    """Make a pack of a folder of pictures: cropped, resized, sorted by use.

    Face sets such as CelebA, LFW or FFHQ are recognised, and their parts, landmarks, attributes
    and classes kept. A picture that cannot be read is listed and left out. Stopped and run again,
    it goes on where it was.

    Arguments, by name:
        folder: The folder of pictures; or hub:NAME, a data set of the Hugging Face
            hub.
        output: The pack to write.
        size: Width and height in pixels, 16 to 2048.
        crop: centre: the middle square; none: all of the picture, squeezed if it
            is not square; face: the largest face, upright, its eyes where aligned
            faces have them; tiles: all squares that fit in, at the picture's own
            size, to teach enlargers.
        as_: The folder's layout, where it is not recognised: celebamask-hq,
            celeba, lfw, ffhq, utkface, anime-faces, simpsons, flickr8k, unpaired,
            imagefolder or plain.
        choose: Percent of the pictures for choosing the best checkpoint, where the
            layout says none.
        test: Percent of the pictures for tests, where the layout says none.
        workers: How many processes read: by default one for each core where that
            pays.
        device: auto, cpu, cuda or mps: where faces are found, for crop face.
        overwrite: Replace a pack that is there already.
    """

def data_audit(
    *,
    folder: _Path,
    as_: str | None = ...,
    output: _Path | None = ...,
    csv: _Path | None = ...,
    keep_list: _Path | None = ...,
    alike: float = ...,
    least: int = ...,
    longest: float = ...,
    any_subject: bool = ...,
    workers: int | None = ...,
    json: bool = ...,
    overwrite: bool = ...,
) -> Result:
    """Say what is wrong with a set of pictures, before a net learns from it. Deletes nothing.

    Files that cannot be read; tiny, flat and odd-shaped pictures; those that show no face; the
    same picture twice, mirrored or nearly the same too, above all in two splits.

    Arguments, by name:
        folder: The folder of pictures, in any layout that data prepare knows.
        as_: The layout, such as celeba or plain, where the wrong one is
            recognised.
        output: A page to write, with the pictures.
        csv: A table to write: a line for each picture.
        keep_list: A list to write: the names of the pictures to keep, one of each
            group of doubles.
        alike: The SSIM, at 64 x 64 pixels, from which two pictures are doubles:
            0.5 to 1.
        least: Pixels of the shorter side, below which a picture is tiny.
        longest: How many times the shorter side the longer one may be: 1 to 100.
        any_subject: Do not look for faces: for a set of other things.
        workers: How many processes look: by default one for each core where that
            pays.
        json: All of it as JSON.
        overwrite: Write over files that are there already.
    """

def train(
    *,
    recipe: str,
    data: str = ...,
    output: _Path | None = ...,
    dry_run: bool = ...,
    change: bool = ...,
    no_board: bool = ...,
    settings: str | Iterable[str] | Mapping[str, Any] = ...,
) -> Result:
    """Train a net by a recipe; the same command again goes on where it was.

    Any setting of the recipe can be changed by its name: lr="1e-4", pictures=50000, batch=8, a
    net's size as width=64 or generator.width=64. dry_run=True lists them all. Of a recipe in a
    file, these win over the file's.

    Arguments, by name:
        recipe: Its name: upscale-x2, upscale-x4, upscale-fast-x2, upscale-fast-x4,
            upscale-drawings-x2, upscale-drawings-x4, upscale-wild-x2,
            upscale-wild-x4, upscale-grown-x4, upscale-sharp-x4, srresnet-x2,
            srresnet-x4, srgan-x2, srgan-x4, esrgan-x4, upscale-unseen-x2,
            upscale-unseen-x4, sharpener-x2, cleaner, autoencoder, restorer,
            repairer, inpaint, inpaint-sharp, inpaint-diffusion, completion,
            scratches, generate-anime, generate-photo, restyle, dcgan, dcgan-r1,
            stylegan, class-gan, sdpc-gan, adversarial-autoencoder, fractal-gan,
            flow, diffusion, restyle-cyclegan, restyle-ugatit, restyle-cut,
            restyle-shared, reader, witness, finder, refiner or pose. Or a file of
            settings: MINE.toml, which begins with recipe = "upscale-x2" and has
            lines such as lr = 1e-4, or the recipe.json of a run, to train the same
            again.
        data: What to learn from, in place of the recipe's own: a spec such as
            folder:PATH.
        output: The run's folder: by default runs/RECIPE, for a file runs/ and its
            name without ending.
        dry_run: Say what would be trained, on what, with how much memory and time,
            and stop.
        change: Go on with a run under other settings than it was begun with.
        no_board: Write no TensorBoard events.
        settings: NAME=VALUE, a setting of the recipe; --NAME VALUE says the same.
            The most used: lr, batch, pictures, size (of the pictures, in pixels),
            width (of the nets), augment, space, seed, precision, threads, devices,
            and how often (in pictures) log_every, sample_every, measure_every and
            save_every. dry_run=True lists them all.
    """

def sweep(
    *,
    recipe: str,
    grid: str | Iterable[str] | Mapping[str, Any] = ...,
    zip: str | Iterable[str] | Mapping[str, Any] = ...,
    data: str = ...,
    output: _Path | None = ...,
    no_board: bool = ...,
    settings: str | Iterable[str] | Mapping[str, Any] = ...,
) -> Result:
    """Train a recipe once for each combination of settings; one page shows all.

    Every value of a grid is combined with every other; those of several zip go side by side. Any
    other setting, as pictures=20000, is the same for all. Run again, only what is missing is
    trained; a run that fails is named, and the rest go on.

    Arguments, by name:
        recipe: Its name, or a file of settings, as train takes it.
        grid: NAME=VALUE,VALUE; several grids are combined. With a ; in it, values
            stand between ;.
        zip: NAME=VALUE,VALUE; several go side by side, the first values together.
        data: What to learn from, in place of the recipe's own: a spec such as
            folder:PATH.
        output: The sweep's folder; runs/sweep-RECIPE unless given.
        no_board: Write no TensorBoard events.
        settings: NAME=VALUE, a setting of every run; --NAME VALUE says the same.
    """

def runs_list(
    *,
    folder: _Path = ...,
) -> Result:
    """List the runs of a folder, those of its sweeps too: data, pictures seen, best, state.

    Arguments, by name:
        folder: The folder of the runs.
    """

def runs_show(
    *,
    run: _Path,
) -> Result:
    """Say how a run went, write its page and film again; for a sweep, list its runs.

    Arguments, by name:
        run: The run's name in the folder runs, SWEEP/RUN of a sweep's, or its
            path.
    """

def models_list(
    *,
    task: str | None = ...,
) -> Result:
    """List the models that come with trombine: task, net, parameters, scores.

    Arguments, by name:
        task: Only those that do this: upscale, repair, generate ...;
            docs/models.md lists them.
    """

def models_show(
    *,
    model: str,
    json: bool = ...,
) -> Result:
    """Say what a model is, what it was trained on, and how good it is.

    Arguments, by name:
        model: The name of a model that comes with trombine, or a .safetensors
            file.
        json: The whole card as JSON, for a program, in place of text.
    """

def models_export(
    *,
    model: str,
    output: _Path,
    onnx: bool = ...,
    half: bool = ...,
    overwrite: bool = ...,
) -> Result:
    """Write a model as ONNX, for programs that know nothing of trombine or torch.

    Other counts and sizes of pictures than it was traced with are tried, and no file is left where
    the results differ from torch's by 1e-4 or more. With half=True it is a model as before, half
    as large.

    Arguments, by name:
        model: The name of a model that comes with trombine, or a .safetensors
            file.
        output: The file to write.
        onnx: Write ONNX, FILE.onnx.
        half: Write a model of half the size, FILE.safetensors: its kernels rounded
            to 16 bits.
        overwrite: Make again what is there.
    """

def models_blend(
    *,
    first: str,
    second: str,
    output: _Path,
    share: float = ...,
    only: str = ...,
    overwrite: bool = ...,
) -> Result:
    """Make a model between two that began as one, weight by weight.

    Where a training went on from a model to learn something else, what lies between them has often
    most of what either can.

    Arguments, by name:
        first: The model that the other began with: a name, or a .safetensors file.
        second: The other.
        output: The .safetensors file to write.
        share: How far from the first to the second, 0 to 1.
        only: Parts of the net that are blended, with + between them, as
            encoder+decoder; all others are the first's.
        overwrite: Make again what is there.
    """

def models_import(
    *,
    file: _Path,
    net: str,
    task: str,
    output: _Path,
    about: str = ...,
    licence: str = ...,
    overwrite: bool = ...,
) -> Result:
    """Make a model of a pickled checkpoint, without running what is in it.

    A .safetensors file without a card will do as well. The tensors must be those of the net, by
    name and shape.

    Arguments, by name:
        file: The checkpoint: .pth, .pt, .ckpt.
        net: The net that the weights are of, with its sizes:
            residual:width=32,depth=8.
        task: What it does: upscale, restore, generate ...; docs/models.md lists
            them.
        output: The .safetensors file to write.
        about: What people should know of it: who trained it, on what.
        licence: The licence that its maker gave it.
        overwrite: Make again what is there.
    """

@overload
def upscale(
    image: _Held,
    *,
    factor: int | None = ...,
    size: str | None = ...,
    model: str | _Path = ...,
    sharpness: float = ...,
    best: bool = ...,
    tile: int | str = ...,
    threads: int | None = ...,
    device: str = ...,
) -> _Held:
    """Enlarge pictures and films, sharper than interpolation does.

    Depth, mode, transparency and colour profile stay as they are. The same command again does only
    what is missing; what is there and was made otherwise is left alone, and said.

    Arguments, by name:
        image: A picture, or a list of them: a path, a Pillow image, a NumPy array
            or a torch tensor. What becomes of it is returned, and no file is
            written; of the rest factor, size, model, sharpness, best, tile,
            threads and device may be given.
        pictures: The pictures, or folders of them.
        output: The file to write, or for several pictures the folder; unless
            given, photo.x2.png beside photo.png.
        recursive: Take pictures in subfolders too; the results keep the
            subfolders.
        suffix: What to add to each name: _large makes photo_large.png of
            photo.png.
        overwrite: Make outputs again that are there already.
        format: The format to write, in place of the input's; for films gif, webp,
            mp4 or webm: png, jpg, jpeg, webp, tif, tiff, avif, gif, bmp, mp4 or
            webm.
        quality: The quality of JPEG and AVIF files, 1 to 100.
        strip: Leave out date, camera, place and whatever else a photograph says of
            itself.
        factor: How many times as wide and high, 2 to 16; 2 unless given. 8 is 4
            times, then 2 times. 1 removes noise and JPEG's blocks, and keeps the
            size: 1 to 16.
        size: WIDTHxHEIGHT, as in 1920x1080, in place of a factor: as large as fits
            in it.
        model: upscale, upscale-fast, upscale-drawings or upscale-wild, or a
            .safetensors file, or somebody else's .pth (extra foreign), here or on
            the hub, hub:OWNER/NAME/FILE (extra hub); auto takes upscale, for
            drawings upscale-drawings, for JPEGs and noise upscale-wild.
        sharpness: 0 to 1: photographs look as sharp as real ones do, by detail
            that the net invents; 0 is nearest to the truth. .5 is between them.
        hole: A mask of what was repaired, or a folder of masks with the pictures'
            names: there the net for damaged pictures works, outside all stays as
            without.
        mask_is: What of that mask was repaired: white, black or transparent; auto
            guesses, and says so: auto, white, black or transparent.
        best: The mean over the picture turned and mirrored in all eight ways:
            nearer to the truth, and eight times as long.
        tile: The side of the tiles that are computed one at a time: smaller ones
            take less memory: auto, or a whole number, 16 to 1,000,000.
        sheet: Write NAME.sheet.png beside each output: the input, bicubic, the
            result, and the truth.
        report: Write NAME.report.png and NAME.report.json beside each output: what
            the net invented. Takes nine times as long.
        truth: The true large picture, to measure the result against: a picture of
            the result's size, or a folder with pictures of the same names.
        threads: How many threads work: by default one for each core, and never
            more. The bytes are the same.
        device: auto, cpu, cuda or mps: where nets are computed. A graphics card is
            faster, and its bytes are not always those of the processor.
    """

@overload
def upscale(
    image: _Path,
    *,
    factor: int | None = ...,
    size: str | None = ...,
    model: str | _Path = ...,
    sharpness: float = ...,
    best: bool = ...,
    tile: int | str = ...,
    threads: int | None = ...,
    device: str = ...,
) -> Image.Image: ...
@overload
def upscale(
    image: list[str] | list[Path],
    *,
    factor: int | None = ...,
    size: str | None = ...,
    model: str | _Path = ...,
    sharpness: float = ...,
    best: bool = ...,
    tile: int | str = ...,
    threads: int | None = ...,
    device: str = ...,
) -> list[Image.Image]: ...
@overload
def upscale(
    image: _Paths,
    *,
    output: _Path,
    recursive: bool = ...,
    suffix: str = ...,
    overwrite: bool = ...,
    format: str = ...,
    quality: int = ...,
    strip: bool = ...,
    factor: int | None = ...,
    size: str | None = ...,
    model: str | _Path = ...,
    sharpness: float = ...,
    hole: _Path | None = ...,
    mask_is: str = ...,
    best: bool = ...,
    tile: int | str = ...,
    sheet: bool = ...,
    report: bool = ...,
    truth: _Path | None = ...,
    threads: int | None = ...,
    device: str = ...,
) -> Result: ...
@overload
def upscale(
    *,
    pictures: _Paths,
    output: _Path | None = ...,
    recursive: bool = ...,
    suffix: str = ...,
    overwrite: bool = ...,
    format: str = ...,
    quality: int = ...,
    strip: bool = ...,
    factor: int | None = ...,
    size: str | None = ...,
    model: str | _Path = ...,
    sharpness: float = ...,
    hole: _Path | None = ...,
    mask_is: str = ...,
    best: bool = ...,
    tile: int | str = ...,
    sheet: bool = ...,
    report: bool = ...,
    truth: _Path | None = ...,
    threads: int | None = ...,
    device: str = ...,
) -> Result: ...
@overload
def inpaint(
    image: _Held,
    *,
    mask: _Picture | Tensor | None = ...,
    mask_is: str = ...,
    mask_part: str = ...,
    mask_colour: str = ...,
    scratches: bool = ...,
    grow: int = ...,
    parts: _Path | None = ...,
    points: _Path | None = ...,
    model: str | _Path = ...,
    seed: int = ...,
    device: str = ...,
) -> _Held:
    """Repair what is under a mask: faces, and whatever else is damaged or in the way.

    Outside the hole every sample stays as it is. Faces are repaired upright, by what the reader
    guesses of their parts and landmarks, or by what you give. Without a mask, the picture's own
    transparency is the hole.

    Arguments, by name:
        image: A picture, or a list of them: a path, a Pillow image, a NumPy array
            or a torch tensor. What becomes of it is returned, and no file is
            written; of the rest mask, mask_is, mask_part, mask_colour, scratches,
            grow, parts, points, model, seed and device may be given.
        pictures: The pictures, or folders of them.
        output: The file to write, or for several pictures the folder; unless
            given, photo.inpaint.png beside photo.png.
        recursive: Take pictures in subfolders too; the results keep the
            subfolders.
        suffix: What to add to each name: _large makes photo_large.png of
            photo.png.
        overwrite: Make outputs again that are there already.
        format: The format to write, in place of the input's; for films gif, webp,
            mp4 or webm: png, jpg, jpeg, webp, tif, tiff, avif, gif, bmp, mp4 or
            webm.
        quality: The quality of JPEG and AVIF files, 1 to 100.
        strip: Leave out date, camera, place and whatever else a photograph says of
            itself.
        mask: A picture of the same size that says where the hole is, or a folder
            of such pictures with the pictures' names.
        mask_is: What of a mask is the hole: white, black or transparent; auto
            guesses, and says so: auto, white, black or transparent.
        mask_part: Parts of faces to paint anew, as in eyes,mouth.
        mask_colour: A colour that was painted over what is to be repaired, as in
            magenta, or #ff00ff.
        scratches: Look for scratches, dust, creases and torn corners, and repair
            them.
        grow: By how many pixels the hole is made larger: 0 to 1000.
        parts: A map of the face's parts to paint by, as read write_parts=True
            makes it, or a folder of such maps.
        points: The face's landmarks to paint by, as read write_points=True makes
            them, or a folder of such files.
        write_parts: Write NAME.parts.png beside each output: the parts that it was
            painted by.
        write_points: Write NAME.points.json beside each output: the landmarks that
            it was painted by.
        write_mask: Write NAME.mask.png beside each output: where the hole was,
            white, to be edited and given back.
        model: inpaint; inpaint-diffusion, which gives another answer for each
            seed; a .safetensors file that repairs, or somebody else's such as
            LaMa's (extra foreign), here or on the hub, hub:OWNER/NAME/FILE (extra
            hub); or with the extra diffusers an inpainting pipeline: its folder,
            or hub:OWNER/NAME.
        tries: How many different answers a sheet shows, where the model can give
            them: the first is written, and seed names another: 1 to 16.
        seed: The number that an answer, and its grain, depend on: 0 to
            4,294,967,279.
        sheet: Write NAME.sheet.png beside each output: the input and the result,
            whole and in detail.
        device: auto, cpu, cuda or mps: where nets are computed. A graphics card is
            faster, and its bytes are not always those of the processor.
    """

@overload
def inpaint(
    image: _Path,
    *,
    mask: _Picture | Tensor | None = ...,
    mask_is: str = ...,
    mask_part: str = ...,
    mask_colour: str = ...,
    scratches: bool = ...,
    grow: int = ...,
    parts: _Path | None = ...,
    points: _Path | None = ...,
    model: str | _Path = ...,
    seed: int = ...,
    device: str = ...,
) -> Image.Image: ...
@overload
def inpaint(
    image: list[str] | list[Path],
    *,
    mask: _Picture | Tensor | None = ...,
    mask_is: str = ...,
    mask_part: str = ...,
    mask_colour: str = ...,
    scratches: bool = ...,
    grow: int = ...,
    parts: _Path | None = ...,
    points: _Path | None = ...,
    model: str | _Path = ...,
    seed: int = ...,
    device: str = ...,
) -> list[Image.Image]: ...
@overload
def inpaint(
    image: _Paths,
    *,
    output: _Path,
    recursive: bool = ...,
    suffix: str = ...,
    overwrite: bool = ...,
    format: str = ...,
    quality: int = ...,
    strip: bool = ...,
    mask: _Path | None = ...,
    mask_is: str = ...,
    mask_part: str = ...,
    mask_colour: str = ...,
    scratches: bool = ...,
    grow: int = ...,
    parts: _Path | None = ...,
    points: _Path | None = ...,
    write_parts: bool = ...,
    write_points: bool = ...,
    write_mask: bool = ...,
    model: str | _Path = ...,
    tries: int = ...,
    seed: int = ...,
    sheet: bool = ...,
    device: str = ...,
) -> Result: ...
@overload
def inpaint(
    *,
    pictures: _Paths,
    output: _Path | None = ...,
    recursive: bool = ...,
    suffix: str = ...,
    overwrite: bool = ...,
    format: str = ...,
    quality: int = ...,
    strip: bool = ...,
    mask: _Path | None = ...,
    mask_is: str = ...,
    mask_part: str = ...,
    mask_colour: str = ...,
    scratches: bool = ...,
    grow: int = ...,
    parts: _Path | None = ...,
    points: _Path | None = ...,
    write_parts: bool = ...,
    write_points: bool = ...,
    write_mask: bool = ...,
    model: str | _Path = ...,
    tries: int = ...,
    seed: int = ...,
    sheet: bool = ...,
    device: str = ...,
) -> Result: ...
@overload
def restyle(
    image: _Held,
    *,
    to: str = ...,
    like: _Path | None = ...,
    from_: str = ...,
    whole: bool = ...,
    strength: float = ...,
    keep_colours: bool = ...,
    model: str | _Path = ...,
    device: str = ...,
    portrait: bool = ...,
    size: int | None = ...,
    with_: str = ...,
    character: _Path | None = ...,
    clothes: bool = ...,
    method: str = ...,
) -> _Held:
    """Draw the faces of pictures and films in another style.

    The face world's painter draws the person who looks like each face, with crisp lines at the
    picture's size, and puts the head in its place; clothes and scene stay. The same command again
    does only what is missing.

    Arguments, by name:
        image: A picture, or a list of them: a path, a Pillow image, a NumPy array
            or a torch tensor. What becomes of it is returned, and no file is
            written; of the rest to, like, from_, whole, strength, keep_colours,
            model, device, portrait, size, with_, character, clothes and method may
            be given.
        pictures: The pictures, or folders of them.
        output: The file to write, or for several pictures the folder; unless
            given, photo.restyle.png beside photo.png.
        recursive: Take pictures in subfolders too; the results keep the
            subfolders.
        suffix: What to add to each name: _large makes photo_large.png of
            photo.png.
        overwrite: Make outputs again that are there already.
        format: The format to write, in place of the input's; for films gif, webp,
            mp4 or webm: png, jpg, jpeg, webp, tif, tiff, avif, gif, bmp, mp4 or
            webm.
        quality: The quality of JPEG and AVIF files, 1 to 100.
        strip: Leave out date, camera, place and whatever else a photograph says of
            itself.
        to: How to draw: photo, anime, cartoon or sketch.
        like: A picture in whose style to draw all of the picture, in place of to:
            its colours and its strokes; what is where stays.
        from_: How it is drawn now; auto is what the reader sees, and in doubt a
            photograph: auto, photo, anime, cartoon or sketch.
        portrait: Draw the person of the largest face alone, in a new square
            picture.
        size: Width and height of a portrait=True in pixels: 512 unless given: 16
            to 2048.
        with_: What to change of who is drawn: "glasses, smile=.8, hair_red=1", of
            the fields of the world's faces.
        character: A character's file: draw that person, with each face's pose,
            expression and light.
        write_character: Write NAME.character.json beside each output: the person
            of the largest face, as numbers.
        clothes: Draw clothes, too.
        method: painter, or net: a neural net draws what is seen, softer, and knows
            nothing of who it is. It is the net where model names one, and for
            faces that the painter cannot draw: painter or net.
        whole: Draw all of the picture anew, not only its faces (face, as is
            usual).
        strength: How much of what is drawn is blended in, 0 to 1.
        keep_colours: Keep the picture's own colours, and draw only light, dark and
            lines anew.
        model: A model that restyles, by name, file or run's folder; also one that
            learned to draw one kind of pictures as another, which knows no names
            of styles.
        gif: Write NAME.becomes.gif beside each output: the picture becomes what
            was drawn.
        mosaic: Write NAME.mosaic.png beside each output: the picture beside it in
            every style.
        device: auto, cpu, cuda or mps: where nets are computed. A graphics card is
            faster, and its bytes are not always those of the processor.
    """

@overload
def restyle(
    image: _Path,
    *,
    to: str = ...,
    like: _Path | None = ...,
    from_: str = ...,
    whole: bool = ...,
    strength: float = ...,
    keep_colours: bool = ...,
    model: str | _Path = ...,
    device: str = ...,
    portrait: bool = ...,
    size: int | None = ...,
    with_: str = ...,
    character: _Path | None = ...,
    clothes: bool = ...,
    method: str = ...,
) -> Image.Image: ...
@overload
def restyle(
    image: list[str] | list[Path],
    *,
    to: str = ...,
    like: _Path | None = ...,
    from_: str = ...,
    whole: bool = ...,
    strength: float = ...,
    keep_colours: bool = ...,
    model: str | _Path = ...,
    device: str = ...,
    portrait: bool = ...,
    size: int | None = ...,
    with_: str = ...,
    character: _Path | None = ...,
    clothes: bool = ...,
    method: str = ...,
) -> list[Image.Image]: ...
@overload
def restyle(
    image: _Paths,
    *,
    output: _Path,
    recursive: bool = ...,
    suffix: str = ...,
    overwrite: bool = ...,
    format: str = ...,
    quality: int = ...,
    strip: bool = ...,
    to: str = ...,
    like: _Path | None = ...,
    from_: str = ...,
    portrait: bool = ...,
    size: int | None = ...,
    with_: str = ...,
    character: _Path | None = ...,
    write_character: bool = ...,
    clothes: bool = ...,
    method: str = ...,
    whole: bool = ...,
    strength: float = ...,
    keep_colours: bool = ...,
    model: str | _Path = ...,
    gif: bool = ...,
    mosaic: bool = ...,
    device: str = ...,
) -> Result: ...
@overload
def restyle(
    *,
    pictures: _Paths,
    output: _Path | None = ...,
    recursive: bool = ...,
    suffix: str = ...,
    overwrite: bool = ...,
    format: str = ...,
    quality: int = ...,
    strip: bool = ...,
    to: str = ...,
    like: _Path | None = ...,
    from_: str = ...,
    portrait: bool = ...,
    size: int | None = ...,
    with_: str = ...,
    character: _Path | None = ...,
    write_character: bool = ...,
    clothes: bool = ...,
    method: str = ...,
    whole: bool = ...,
    strength: float = ...,
    keep_colours: bool = ...,
    model: str | _Path = ...,
    gif: bool = ...,
    mosaic: bool = ...,
    device: str = ...,
) -> Result: ...
@overload
def read(
    image: _Picture,
    *,
    faces: str = ...,
    traits: bool = ...,
    enlarge: bool = ...,
    model: str | _Path = ...,
    device: str = ...,
) -> PictureReading:
    """Find the faces of pictures, and read what is where in each.

    It does not recognise people: it says where a face is, not whose. With output parts and
    landmarks are drawn over each picture; without it a table says what was found, and no file is
    written.

    Arguments, by name:
        image: A picture, or a list of them: a path, a Pillow image, a NumPy array
            or a torch tensor. What becomes of it is returned, and no file is
            written; of the rest faces, traits, enlarge, model and device may be
            given.
        pictures: The pictures, or folders of them.
        output: The sheet to write, a .png file, or for several pictures the
            folder.
        recursive: Take pictures in subfolders too; the results keep the
            subfolders.
        suffix: What to add to each name: _large makes photo_large.png of
            photo.png.
        overwrite: Make outputs again that are there already.
        write_parts: Write NAME.parts.png beside each sheet: which of 19 parts each
            pixel is of.
        write_cutout: Write NAME.cutout.png beside each sheet: the picture without
            its background, which is transparent; heads and what they wear are
            opaque. Of a picture without faces there is none.
        write_points: Write NAME.points.json beside each sheet: the 68 landmarks of
            each face, in pixels, and by how much each may be off.
        json: What was read of each face as JSON: NAME.json beside each sheet, or
            without output a line for each picture in place of the table.
        faces: all or largest: only the largest face of each picture.
        traits: Guess age, sex, skin, hair and beard too. They were learned from
            painted faces, and are often wrong of real ones: see docs/reader.md.
        enlarge: Enlarge small faces by trombine's nets before they are read.
        model: The reader, or a .safetensors file that train has made.
        device: auto, cpu, cuda or mps: where nets are computed. A graphics card is
            faster, and its numbers are not always those of the processor.
    """

@overload
def read(
    image: Tensor,
    *,
    faces: str = ...,
    traits: bool = ...,
    enlarge: bool = ...,
    model: str | _Path = ...,
    device: str = ...,
) -> PictureReading | list[PictureReading]: ...
@overload
def read(
    image: list[Any] | tuple[Any, ...],
    *,
    faces: str = ...,
    traits: bool = ...,
    enlarge: bool = ...,
    model: str | _Path = ...,
    device: str = ...,
) -> list[PictureReading]: ...
@overload
def read(
    image: _Paths,
    *,
    output: _Path,
    recursive: bool = ...,
    suffix: str = ...,
    overwrite: bool = ...,
    write_parts: bool = ...,
    write_cutout: bool = ...,
    write_points: bool = ...,
    json: bool = ...,
    faces: str = ...,
    traits: bool = ...,
    enlarge: bool = ...,
    model: str | _Path = ...,
    device: str = ...,
) -> Result: ...
@overload
def read(
    *,
    pictures: _Paths,
    output: _Path | None = ...,
    recursive: bool = ...,
    suffix: str = ...,
    overwrite: bool = ...,
    write_parts: bool = ...,
    write_cutout: bool = ...,
    write_points: bool = ...,
    json: bool = ...,
    faces: str = ...,
    traits: bool = ...,
    enlarge: bool = ...,
    model: str | _Path = ...,
    device: str = ...,
) -> Result: ...
def generate(
    *,
    style: str = ...,
    with_: str = ...,
    size: int | None = ...,
    truncation: float = ...,
    model: str | _Path = ...,
    threads: int | None = ...,
    overwrite: bool = ...,
    method: str = ...,
    seeds: str = ...,
    output: _Path,
    like: _Path | None = ...,
    sheet: bool = ...,
    nearest: bool = ...,
) -> Result:
    """Generate faces from seeds, optionally with given attributes.

    By default the procedural painter draws each person; method="net" lets a neural net generate
    it. The same seed is the same person in every style. A face's file is named by its seed. Run
    again, only what is missing is made.

    Arguments, by name:
        style: How they are drawn: anime, photo, cartoon or sketch; by a net
            cartoon and sketch are drawn anew, by the net that restyles, from its
            photo.
        with_: What is to be of all of them: "age=60, glasses, no hat, smile=.8",
            of the fields of the world's faces; the rest is the seed's.
        size: Width and height in pixels, 16 to 2048: 512 unless given, of walks
            256; by a net its own, 96, or twice and four times that by the net that
            enlarges.
        truncation: How varied a net's faces are, 0.1 to 1: lower ones are more
            alike, and fewer are odd.
        model: A net that generates, by name, file or run's folder, in place of the
            style's own.
        threads: How many threads work: by default one for each core, and never
            more. The bytes are the same.
        overwrite: Make again what is there.
        method: painter, the procedural painter of the world, or net, a neural
            network that learned from it; painter unless a model is named: painter
            or net.
        seeds: Which faces: 0-31, or 3,8,21.
        output: The folder to write.
        like: A picture with a face, or a character's file: that person is painted.
        sheet: Write sheet.png too, with all of them.
        nearest: Write nearest.png too: below each face of a net, at its own size,
            the picture that it is most like of those that the net learned from.
    """

def morph(
    *,
    style: str = ...,
    with_: str = ...,
    size: int | None = ...,
    truncation: float = ...,
    model: str | _Path = ...,
    threads: int | None = ...,
    overwrite: bool = ...,
    method: str = ...,
    seeds: str | Iterable[str] | Mapping[str, Any],
    output: _Path,
    frames: int = ...,
    cycle: bool = ...,
    path: str = ...,
    film: str = ...,
    sheet: bool = ...,
    json: bool = ...,
) -> Result:
    """Walk from one face to the next, as a film or a folder of frames.

    Faces are of seeds, as `trombine generate` makes them, or of files: people of photographs, or
    characters that `trombine restyle` wrote. What becomes of the parts on the way, and how even
    the steps are, is said.

    Arguments, by name:
        style: How they are drawn: anime, photo, cartoon or sketch; by a net
            cartoon and sketch are drawn anew, by the net that restyles, from its
            photo.
        with_: What is to be of all of them: "age=60, glasses, no hat, smile=.8",
            of the fields of the world's faces; the rest is the seed's.
        size: Width and height in pixels, 16 to 2048: 512 unless given, of walks
            256; by a net its own, 96, or twice and four times that by the net that
            enlarges.
        truncation: How varied a net's faces are, 0.1 to 1: lower ones are more
            alike, and fewer are odd.
        model: A net that generates, by name, file or run's folder, in place of the
            style's own.
        threads: How many threads work: by default one for each core, and never
            more. The bytes are the same.
        overwrite: Make again what is there.
        method: painter, the procedural painter of the world, or net, a neural
            network that learned from it; painter unless a model is named: painter
            or net.
        seeds: Which faces, in this order: 3 8 21, or 0-3, or a.jpg b.jpg 7.
        output: The film to write, .gif, .webp, .mp4 or .webm, or a folder for its
            frames.
        frames: Frames from a seed to the next: 2 to 500.
        cycle: Go on from the last seed to the first.
        path: linear; or by a net spherical, or truncation, of one seed, from a
            face like all to its own: linear, spherical or truncation.
        film: gif, webp, mp4 or webm: write film.gif and so on too, beside the
            frames in the folder.
        sheet: Write all frames on NAME.sheet.png beside the film, or sheet.png in
            the folder.
        json: The score of each frame as JSON, for a program, in place of text.
    """

def microscope(
    *,
    model: str | _Path,
    output: _Path,
    size: int | None = ...,
) -> Result:
    """Write a page that runs a net in the browser and shows the maps of its layers.

    Move what goes in, and the maps follow; click one, and the net goes on without that channel.
    The page needs no server and no network.

    Arguments, by name:
        model: The name of a model that comes with trombine, a .safetensors file,
            or a run's folder.
        output: The page to write; in a folder it is named by the model.
        size: Pixels a side that a net of pictures sees; as many as leave six
            frames a second unless given: 8 to 256.
    """

def judge_people_make(
    *,
    real: _Path,
    generated: _Paths,
    output: _Path,
    pictures: int = ...,
    size: int | None = ...,
    seconds: float = ...,
    seed: int = ...,
    key: _Path | None = ...,
    overwrite: bool = ...,
) -> Result:
    """Make a page that asks people which pictures are real, and the key to it.

    The page is one file, opened from disk or put on any web host; nothing in its folder tells
    which pictures are real. Who has answered sends a file with the answers.

    Arguments, by name:
        real: A folder or a pack of real pictures.
        generated: A folder or a pack of generated ones; of several as many are
            shown, and the results say how each fares.
        output: The folder of the test, with nothing else in it.
        pictures: How many pictures each subject sees, an even number: half of them
            are real: 2 to 2000.
        size: Show the square in the middle of each picture at this width and
            height in pixels; without it all pictures must be of one size: 16 to
            2048.
        seconds: For how long each picture is shown; 0, for as long as the subject
            likes: 0 to 600.
        seed: Which pictures are drawn from the folders: 0 or more.
        key: Where to write which pictures are real, never inside the test's
            folder; beside it, as TEST.key.json, unless given.
        overwrite: Make again what is there; answers to the former test are lost.
    """

def judge_people_score(
    *,
    key: _Path,
    answers: _Paths,
    output: _Path | None = ...,
    test: _Path | None = ...,
    json: bool = ...,
) -> Result:
    """Say how well people told real pictures from generated ones.

    Accuracy, d' and kappa of each, agreement, reasons, which pictures fooled most people, and how
    many answers a small difference needs. Damaged, doubled and foreign files are left out.

    Arguments, by name:
        key: The key of the test, as judge people make wrote it.
        answers: The files that subjects sent, or folders of them.
        output: A page with all of it, to write.
        test: The folder of the test, whose pictures the page shows; unless given,
            the one beside the key.
        json: All figures as JSON, for a program, in place of text.
    """

def judge_originality(
    *,
    generated: str,
    references: str,
    top: int = ...,
    size: int | None = ...,
    false_alarms: float = ...,
    flips: bool = ...,
    features: bool = ...,
    screened: bool = ...,
    seed: int = ...,
    show: int = ...,
    json: bool = ...,
    output: _Path | None = ...,
    overwrite: bool = ...,
) -> Result:
    """Say which generated pictures are copies of those that a net learned from.

    Each is compared with every reference: by SSIM at the same places, and by a search that finds
    copies that were mirrored, cropped, recoloured, compressed, blurred or patched too. Where
    copies begin the references say; planted copies show what that finds.

    Arguments, by name:
        generated: The pictures to judge: a folder, a pack, or a data spec.
        references: Those that they may be copies of: a folder, a pack, or a data
            spec.
        top: How many nearest references of each picture are reported: 1 to 20.
        size: Width and height in pixels at which all are compared; that of the
            generated pictures unless given: 16 to 512.
        false_alarms: The share of real pictures, none a copy of another, that
            would be called copies: 0.0001 to 0.1.
        flips: SSIM of each mirrored picture too, which takes twice as long; copies
            are found mirrored without it.
        features: Also the nearest by what a net reads of faces: the references are
            read once, some 30 ms each.
        screened: SSIM of a sixth of the rows first, and of all with the best 200:
            faster, nearly always the same.
        seed: Which references the thresholds and the planted copies are taken
            from: 0 or more.
        show: How many pictures the page has, the most suspicious: 1 to 1000.
        json: The numbers as JSON, those of each picture too.
        output: A page to write, with the most suspicious pictures and their
            nearest references.
        overwrite: Write over a page that trombine did not write.
    """

def judge_restoration(
    *,
    results: _Path,
    truth: _Path,
    holes: _Path | None = ...,
    border: int = ...,
    features: str | Iterable[str] | Mapping[str, Any] = ...,
    json: bool = ...,
    output: _Path | None = ...,
    overwrite: bool = ...,
) -> Result:
    """Compare repaired, enlarged or cleaned pictures with what they should be.

    Files are paired by their names without the ending. Measured are PSNR, SSIM, MS-SSIM, mean
    absolute and edge error, and what a net reads of faces: landmarks, parts, who it is.

    Arguments, by name:
        results: The pictures to judge: a file, or a folder of them.
        truth: What they should be: a file, or a folder with pictures of the same
            names.
        holes: Masks, white where was repaired: one for all, or a folder of the
            same names. Inside of them and on their rims is measured too.
        border: Pixels on each side that do not count for PSNR-Y, as papers on
            enlarging have it: 0 to 64.
        features: Distances in nets that others published, too: lpips, vgg16, vgg19
            or inception, each with weights of yours as NAME:FILE
            (lpips:VGG16+LPIPS), or from where torch keeps them.
        json: The numbers as JSON, those of each picture too.
        output: A page to write, with the numbers and the worst pictures.
        overwrite: Write over a page that trombine did not write.
    """

def judge_fidelity(
    *,
    generated: str,
    real: str,
    features: str | Iterable[str] | Mapping[str, Any] = ...,
    pictures: int = ...,
    size: int | None = ...,
    json: bool = ...,
    output: _Path | None = ...,
    overwrite: bool = ...,
) -> Result:
    """Compare a set of generated pictures with a set of real ones.

    Fréchet distance, KID, precision and recall, density and coverage, a classifier's test and
    diversity, each beside the same of real against real; and which faces are missing or overdone,
    by everything that the witness reads.

    Arguments, by name:
        generated: The pictures to judge: a folder, a pack, or a spec such as
            world:photo#500.
        real: What they should be like: a folder, a pack, or a spec.
        features: What figures are computed from: witness, a net that no training
            learns from; pixels, which is naive; or vgg16, vgg19 or inception,
            whose weights are yours, as NAME:FILE. Given twice there are two
            tables.
        pictures: How many pictures of a set are compared at most; of more so many
            are drawn: 50 to 5000.
        size: At what size in pixels a spec's pictures are painted, for pictures
            that are as small themselves; 128, as the witness sees them, unless
            given. A folder's keep theirs: 16 to 512.
        json: The numbers as JSON, those of each picture too.
        output: A page to write, with the numbers, distributions, and the pictures
            that stand out.
        overwrite: Write over a page that trombine did not write.
    """

def judge_compare(
    *,
    protocol: str = ...,
    methods: str | Iterable[str] | Mapping[str, Any] = ...,
    pictures: _Path | None = ...,
    fresh: bool = ...,
    list: bool = ...,
    json: bool = ...,
    output: _Path | None = ...,
    overwrite: bool = ...,
) -> Result:
    """Compare methods under frozen protocols; without any, list what there is.

    A method is a baseline, a model by name or file, or a command in quotes that reads the folder
    {input} (where there is one) and writes the folder {output}. Results are kept, so another
    method runs alone.

    Arguments, by name:
        protocol: A protocol that comes with trombine, or a .toml file;
            `portraits`: all that begin so.
        methods: What to compare, each in quotes where it has spaces; more
            protocols may stand among them. If several protocols and no method are
            named, the net that comes with trombine for each task.
        pictures: The folder with the pictures of protocols that name some.
        fresh: Run everything anew, also what is kept from before.
        list: List the protocols, with their hashes.
        json: The numbers as JSON, those of each picture too.
        output: A page to write, with the rank and with pictures: those on which
            methods disagree most.
        overwrite: Write over a page that trombine did not write.
    """

def replay(
    *,
    pictures: _Paths,
    output: _Path,
    inputs: _Path | None = ...,
    overwrite: bool = ...,
) -> Result:
    """Make the same bytes again, from what a picture says of itself.

    Every picture that trombine writes carries a record of what determines its pixels. On the
    machine that made it, and with the same versions, the same bytes come out; where versions
    differ, replay says which.

    Arguments, by name:
        pictures: The pictures to make again, or folders of them.
        output: The file to write, or for several pictures the folder.
        inputs: The folder with the files that the pictures were made from, if
            there were any.
        overwrite: Make again what is there.
    """

def doctor() -> Result:
    """Say what this machine can do, and where files are kept.

    Versions, cores, threads, GPU, extras, folders. Nothing is written.
    """
