"""The Python module beside brim.h and libbrim.so. tests/python.sh runs it, with both named by the environment."""
import ctypes
import os
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import batch_size_optimizer as module
from batch_size_optimizer import BrimError, BrimFitError, get_training_config

INCLUDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'include')
REPORT_KEYS = ['batch_size', 'workers', 'img_size', 'device', 'amp']  # in the first report's order
CARD = 'RTX 3050 Laptop'


def compiled_output(body):
    """What a C program that includes brim.h prints."""
    with tempfile.TemporaryDirectory() as folder:
        source, program = os.path.join(folder, 'layout.c'), os.path.join(folder, 'layout')
        with open(source, 'w') as file:
            file.write(f'#include <stdio.h>\n#include "brim.h"\nint main(void) {{\n{body}\nreturn 0;\n}}\n')
        subprocess.run([os.environ.get('CC', 'cc'), '-I', INCLUDE, '-o', program, source], check=True)
        return subprocess.run([program], check=True, capture_output=True, text=True).stdout


class TestInterface(unittest.TestCase):
    """ctypes believes what it is told, so a field that moved in brim.h would be read as another."""

    def check_layout(self, name, structure):
        print_field = 'printf("{1} %zu %zu\\n", offsetof({0}, {1}), sizeof(({0} *)0)->{1});'
        body = [print_field.format(name, field) for field, _ in structure._fields_]
        body.append(f'printf("all 0 %zu\\n", sizeof({name}));')
        here = [f'{field} {getattr(structure, field).offset} {getattr(structure, field).size}\n'
                for field, _ in structure._fields_]
        self.assertEqual(compiled_output('\n'.join(body)), ''.join(here) + f'all 0 {ctypes.sizeof(structure)}\n')

    def test_query_is_laid_out_as_in_c(self):
        self.check_layout('BrimTrainingQuery', module._Query)

    def test_config_is_laid_out_as_in_c(self):
        self.check_layout('BrimTrainingConfig', module._Config)

    def test_statuses_and_version_are_those_of_the_header(self):
        printed = compiled_output('printf("%d %d %s", BRIM_OK, BRIM_ERROR_FIT, BRIM_VERSION);')
        self.assertEqual(printed, f'{module.OK} {module.ERROR_FIT} {module.VERSION}')


class TestConfig(unittest.TestCase):
    def test_the_line_of_the_first_report(self):
        config = get_training_config('yolov5s', 640, memory='8G')
        self.assertEqual(list(config)[:5], REPORT_KEYS)
        self.assertEqual(config['img_size'], 640)
        self.assertGreaterEqual(config['batch_size'], 1)
        self.assertGreaterEqual(config['workers'], 0)
        self.assertIs(type(config['amp']), bool)

    def test_a_card_by_name(self):
        config = get_training_config('yolov5s', 640, gpu=CARD)
        self.assertIn(CARD, config['gpu'])
        self.assertEqual(config['device'], 'cuda:0')
        self.assertGreater(config['accumulate'], 0)
        self.assertGreater(config['pictures_per_s'], 0)
        self.assertLessEqual(config['capacity_bytes'], 4 * 2**30)
        self.assertLessEqual(config['predicted_bytes'], config['capacity_bytes'])

    def test_the_fraction_holds(self):
        config = get_training_config('yolov5s', 640, gpu=CARD, fraction=0.5)
        self.assertLessEqual(config['predicted_bytes'], config['capacity_bytes'] * 0.5)

    def test_more_memory_never_gives_less(self):
        rates = [get_training_config('yolov5m', 640, gpu=CARD, memory=gib * 2**30)['pictures_per_s']
                 for gib in (2, 4, 8)]
        self.assertEqual(rates, sorted(rates))

    def test_a_batch_that_is_asked_for_is_kept(self):
        self.assertEqual(get_training_config('yolov5n', 320, gpu=CARD, batch_size=5)['batch_size'], 5)

    def test_profiles_keep_their_fraction(self):
        for profile, fraction in (('high-performance', 0.9), ('balanced', 0.8), ('conservative', 0.6)):
            config = get_training_config('yolov5x', 640, gpu=CARD, profile=profile)
            self.assertLessEqual(config['predicted_bytes'], config['capacity_bytes'] * fraction, profile)

    def test_two_calls_agree(self):
        self.assertEqual(get_training_config('yolov5l', gpu=CARD), get_training_config('yolov5l', 640, gpu=CARD))


class TestErrors(unittest.TestCase):
    def check_sentence(self, words, *arguments, **options):
        with self.assertRaises(BrimError) as caught:
            get_training_config(*arguments, **options)
        self.assertIn(words, str(caught.exception))
        self.assertNotIsInstance(caught.exception, MemoryError)

    def test_nothing_fits(self):
        with self.assertRaises(BrimFitError) as caught:
            get_training_config('yolov5x', 1280, gpu=CARD, memory='64M')
        self.assertIsInstance(caught.exception, MemoryError)
        self.assertTrue(str(caught.exception))

    def test_the_librarys_sentence(self):
        self.check_sentence('yolov9q', 'yolov9q', 640)
        self.check_sentence('GeForce 9', 'yolov5s', 640, gpu='GeForce 9')
        self.check_sentence('fraction', 'yolov5s', 640, gpu=CARD, fraction=1.5)
        self.check_sentence('641', 'yolov5s', 641, gpu=CARD)

    def test_numbers_that_a_c_field_cannot_hold(self):
        self.check_sentence('img_size', 'yolov5s', 2**32 + 640)
        self.check_sentence('memory', 'yolov5s', 640, memory=2**64 + 2**32)
        self.check_sentence('memory', 'yolov5s', 640, memory=-1)
        self.check_sentence('memory', 'yolov5s', 640, memory=0)

    def test_amounts_of_memory(self):
        for text, amount in (('4G', 2**32), ('4gib', 2**32), ('1.5KB', 1536), ('77', 77)):
            self.assertEqual(module._memory(text), amount)
        for text in ('', 'much', '4X', '-1G', '1e9', 'infG', '12B', '4 G', '\u0664G', '9' * 400):
            with self.assertRaises(BrimError):
                module._memory(text)

    def test_types(self):
        with self.assertRaises(TypeError):
            get_training_config('yolov5s', 640.0)
        with self.assertRaises(TypeError):
            get_training_config(5, 640)


class TestLoading(unittest.TestCase):
    def load(self, place):
        with mock.patch.dict(os.environ, BRIM_LIBRARY=place), mock.patch.object(module, '_loaded', None):
            return module._library()

    def test_no_library(self):
        with self.assertRaisesRegex(BrimError, 'BRIM_LIBRARY'):
            self.load('/nowhere/libbrim.so')

    def test_another_library(self):
        with self.assertRaisesRegex(BrimError, 'not the libbrim'):
            self.load('libc.so.6')

    def test_another_version(self):
        with mock.patch.object(module, 'VERSION', '7.3.0'), self.assertRaisesRegex(BrimError, '7.3.0'):
            self.load(os.environ['BRIM_LIBRARY'])

    def test_the_path_is_searched_from_where_the_module_lies(self):
        with tempfile.TemporaryDirectory() as folder:
            library = os.path.join(folder, 'lib', 'some-triplet', 'libbrim.so.0')
            os.makedirs(os.path.dirname(library))
            open(library, 'w').close()
            lies = os.path.join(folder, 'share', 'brim', 'python', 'batch_size_optimizer.py')
            environment = {name: value for name, value in os.environ.items() if name != 'BRIM_LIBRARY'}
            with mock.patch.dict(os.environ, environment, clear=True), mock.patch.object(module, '__file__', lies):
                self.assertEqual(module._places(), [os.path.realpath(library), 'libbrim.so.0'])

    def test_import_takes_the_standard_library_alone(self):
        path = os.path.dirname(module.__file__)
        subprocess.run([sys.executable, '-I', '-S', '-c',
                        f'import sys; sys.path.insert(0, {path!r}); import batch_size_optimizer'], check=True)


if __name__ == '__main__':
    unittest.main()
