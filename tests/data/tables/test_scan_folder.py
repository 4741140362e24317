from dg_keras.data.tables.scan_folder import scan_folder


def test_lists_images_with_domain_and_class(folder):
    table = scan_folder(folder)

    assert list(table.columns) == ["path", "domain", "class"]
    assert len(table) == 28
    assert table.iloc[0].tolist() == ["day/cat/0.png", "day", "cat"]
    assert table.groupby(["domain", "class"]).size().tolist() == [10, 10, 4, 4]


def test_leaves_out_what_is_hidden_or_no_image(folder):
    expected = scan_folder(folder)
    (folder / ".cache" / "cat").mkdir(parents=True)
    (folder / ".cache" / "cat" / "0.png").touch()
    (folder / "day" / "cat" / "._0.png").touch()
    (folder / "day" / "cat" / "Thumbs.db").touch()
    (folder / "day" / "notes.txt").touch()
    (folder / "readme.png").touch()

    assert scan_folder(folder).equals(expected)


def test_suffixes_in_capitals_and_a_class_missing_in_a_domain(folder):
    (folder / "day" / "fox").mkdir()
    (folder / "day" / "fox" / "0.JPEG").touch()

    table = scan_folder(folder)

    assert table[table["class"] == "fox"]["path"].tolist() == ["day/fox/0.JPEG"]
